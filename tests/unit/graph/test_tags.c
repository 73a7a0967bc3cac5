/* SPDX-License-Identifier: Apache-2.0 */
/* The labels of samples, on the nodes of a drawing. */
#include <string.h>

#include "tests/unit/graph/tests.h"

static const evprof_graph_options_t visual = { .is_visual = true,
                                               .edges = EVPROF_EDGES_ALL,
                                               .tag_unit = "bytes",
                                               .output_unit = "minimum" };

static const char *
text(evprof_pprof_t *p, const char *s)
{
    return evprof_strings_intern(&p->strings, s);
}

/* Labels of every kind on the first sample. */
static void
label_first(evprof_pprof_t *p)
{
    evprof_label_t *labels = evprof_arena_calloc(&p->arena, 5, sizeof(*labels));
    const char *none = text(p, "");
    labels[0] = (evprof_label_t){ text(p, "route"), text(p, "/b"), 0, none };
    labels[1] = (evprof_label_t){ text(p, "host"), text(p, "\x1b"), 0, none };
    labels[2] = (evprof_label_t){ text(p, EVPROF_LABEL_BASE), text(p, "true"),
                                  0, none };
    labels[3] =
        (evprof_label_t){ text(p, "bytes"), NULL, 4096, text(p, "bytes") };
    labels[4] = (evprof_label_t){ text(p, "other"), NULL, 7, none };
    p->samples[0].labels = labels;
    p->samples[0].label_count = 5;
}

static const evprof_tag_t *
tag_of(const evprof_node_t *n, const char *name)
{
    for (size_t i = 0; i < n->tag_count; i++) {
        if (strcmp(n->tags[i]->name, name) == 0) {
            return n->tags[i];
        }
    }
    return NULL;
}

static void
expect_tags(bool is_tree)
{
    evprof_graph_options_t options = visual;
    const evprof_trim_t trim = { 0 };
    evprof_pprof_t *p = profile_of("m;a 10\nm;b 5\n");
    options.is_tree = is_tree;
    label_first(p);
    evprof_graph_t *g = graph_of(p, &options, &trim, NULL);
    /* All texts of a sample are one tag, a line each, in order. */
    const evprof_tag_t *texts = tag_of(node_of(g, "a"), "host:\\x1b\nroute:/b");
    assert_non_null(texts);
    assert_false(texts->is_numeric);
    assert_int_equal(texts->flat, 10);
    assert_int_equal(texts->cum, 10);
    const evprof_tag_t *bytes = tag_of(node_of(g, "a"), "4kB");
    assert_non_null(bytes);
    assert_true(bytes->is_numeric);
    assert_int_equal(bytes->value, 4096);
    assert_int_equal(bytes->flat, 10);
    assert_string_equal(bytes->labels, texts->name);
    assert_int_equal(node_of(g, "a")->tag_count, 2);
    assert_int_equal(tag_of(node_of(g, "m"), texts->name)->flat, 0);
    assert_int_equal(tag_of(node_of(g, "m"), texts->name)->cum, 10);
    assert_int_equal(node_of(g, "b")->tag_count, 0);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_graph(void **state)
{
    (void)state;
    expect_tags(false);
}

static void
test_tree(void **state)
{
    (void)state;
    expect_tags(true);
}

/* A limit counts tags as if they were nodes. */
static void
test_tags_count(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("a 10\nb 5\nc 2\n");
    evprof_trim_t trim = { .node_count = 3 };
    label_first(p);
    evprof_graph_t *g = graph_of(p, &visual, &trim, NULL);
    assert_non_null(node_of(g, "a"));
    assert_null(node_of(g, "b"));
    evprof_graph_free(g);
    trim.node_count = 100;
    g = graph_of(p, &visual, &trim, NULL);
    assert_non_null(node_of(g, "c"));
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

int
run_tags_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_tags_count),
    };
    return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
