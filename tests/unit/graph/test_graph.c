/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/analysis/format.h"
#include "tests/unit/graph/tests.h"

evprof_pprof_t *
profile_of(const char *folded)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    if (evprof_format_read(evprof_formats, folded, strlen(folded), &p, &err) !=
        EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    return p;
}

evprof_graph_t *
graph_of(const evprof_pprof_t *p, const evprof_graph_options_t *options,
         const evprof_trim_t *trim, evprof_trimmed_t *trimmed)
{
    evprof_graph_t *g = NULL;
    evprof_trimmed_t ignored;
    assert_int_equal(evprof_graph_new(p, options, &g, NULL), EVPROF_OK);
    assert_int_equal(
        evprof_graph_trim(g, trim, trimmed != NULL ? trimmed : &ignored, NULL),
        EVPROF_OK);
    return g;
}

evprof_node_t *
node_of(const evprof_graph_t *g, const char *name)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(nodes[i]->name, name) == 0) {
            return nodes[i];
        }
    }
    return NULL;
}

const evprof_edge_t *
edge_of(const evprof_graph_t *g, const char *from, const char *to)
{
    const evprof_node_t *n = node_of(g, from);
    for (size_t i = 0; n != NULL && i < n->out_count; i++) {
        if (strcmp(n->out[i]->dest->name, to) == 0) {
            return n->out[i];
        }
    }
    return NULL;
}

static const evprof_graph_options_t all_edges = { .edges = EVPROF_EDGES_ALL,
                                                  .tag_unit = "bytes",
                                                  .output_unit = "minimum" };

static void
test_weights(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("main;a;b 10\nmain;a 5\nmain;b;c 2\n");
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, NULL);
    assert_int_equal(node_of(g, "main")->cum, 17);
    assert_int_equal(node_of(g, "main")->flat, 0);
    assert_int_equal(node_of(g, "a")->flat, 5);
    assert_int_equal(node_of(g, "a")->cum, 15);
    assert_int_equal(node_of(g, "b")->cum, 12);
    assert_int_equal(edge_of(g, "main", "a")->weight, 15);
    assert_int_equal(edge_of(g, "b", "c")->weight, 2);
    assert_null(edge_of(g, "a", "c"));
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

/* A function that calls itself, directly or not, counts once in a stack. */
static void
test_recursion_counts_once(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("main;a;a;b;a;b 10\n");
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, NULL);
    assert_int_equal(node_of(g, "a")->cum, 10);
    assert_int_equal(node_of(g, "b")->flat, 10);
    assert_null(edge_of(g, "a", "a"));
    assert_int_equal(edge_of(g, "a", "b")->weight, 10);
    assert_int_equal(edge_of(g, "b", "a")->weight, 10);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

/* |flat|, then the name, then |cum|; with sort_by_cum |cum| first. */
static void
test_orders(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("z;b 5\nz;a 5\nz;c 9\n");
    evprof_trim_t trim = { 0 };
    static const char *const by_flat[] = { "c", "a", "b", "z" };
    static const char *const by_cum[] = { "z", "c", "a", "b" };
    for (int i = 0; i < 2; i++) {
        trim.sort_by_cum = i == 1;
        evprof_graph_t *g = graph_of(p, &all_edges, &trim, NULL);
        size_t count;
        evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
        assert_int_equal(count, 4);
        for (size_t j = 0; j < count; j++) {
            assert_string_equal(nodes[j]->name,
                                i == 1 ? by_cum[j] : by_flat[j]);
            assert_int_equal(nodes[j]->rank, j + 1);
        }
        evprof_graph_free(g);
    }
    evprof_pprof_free(p);
}

static void
test_edge_order(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;x 1\nm;b 5\nm;a 5\nm;y 9\n");
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, NULL);
    evprof_node_t *m = node_of(g, "m");
    evprof_node_sort(m);
    static const char *const order[] = { "y", "a", "b", "x" };
    assert_int_equal(m->out_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(m->out[i]->dest->name, order[i]);
    }
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_negative_nodes(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;a 4\nm;b 6\nm;c 1\n");
    p->samples[1].values[0] = -6;
    p->samples[2].values[0] = 0;
    evprof_graph_options_t options = all_edges;
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &options, &trim, NULL);
    assert_int_equal(node_of(g, "b")->flat, -6);
    assert_null(node_of(g, "c"));
    evprof_graph_free(g);
    options.drop_negative = true;
    g = graph_of(p, &options, &trim, NULL);
    assert_null(node_of(g, "b"));
    assert_null(node_of(g, "m"));
    assert_non_null(node_of(g, "a"));
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        evprof_node_info_t info;
        const char *name;
    } rows[] = {
        { { .name = "f", .file = "", .object = "" }, "f" },
        { { .name = "f", .file = "x.c", .object = "" }, "f x.c" },
        { { .name = "f", .file = "x.c", .object = "", .line = 3 }, "f x.c:3" },
        { { .name = "f",
            .file = "x.c",
            .object = "",
            .line = 3,
            .column = 7,
            .address = 0x1f },
          "000000000000001f f x.c:3:7" },
        { { .name = "", .file = "", .object = "/lib/l.so", .address = 1 },
          "0000000000000001 [l.so]" },
        { { .name = "", .file = "", .object = "" }, "<unknown>" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        evprof_node_print(&out, &rows[i].info, " ");
        assert_string_equal(out.data, rows[i].name);
        evprof_buf_free(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_recursion_counts_once),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_edge_order),
        cmocka_unit_test(test_negative_nodes),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL) +
           run_trim_tests() + run_tree_tests() + run_shorten_tests();
}
