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

/* Equal functions of two binaries are one node, or two where objects count. */
static void
test_objects(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("f 10\ng 5\nh 1\n");
    p->mappings = evprof_arena_calloc(&p->arena, 2, sizeof(*p->mappings));
    p->mappings[0].file = evprof_strings_intern(&p->strings, "/lib/one.so");
    p->mappings[1].file = evprof_strings_intern(&p->strings, "/lib/two.so");
    p->mappings[0].build_id = evprof_strings_intern(&p->strings, "");
    p->mappings[1].build_id = p->mappings[0].build_id;
    p->mapping_count = 2;
    for (uint32_t i = 0; i < p->location_count; i++) {
        p->locations[i].mapping = i == 1 ? 1 : 0;
        p->functions[i].name = p->functions[0].name;
        p->functions[i].system_name = p->functions[0].name;
    }
    evprof_graph_options_t options = all_edges;
    const evprof_trim_t trim = { 0 };
    size_t count;
    evprof_graph_t *g = graph_of(p, &options, &trim, NULL);
    (void)evprof_graph_nodes(g, &count);
    assert_int_equal(count, 1);
    assert_int_equal(node_of(g, "f")->flat, 16);
    evprof_graph_free(g);
    options.keep_objects = true;
    g = graph_of(p, &options, &trim, NULL);
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    assert_int_equal(count, 2);
    assert_int_equal(nodes[0]->flat, 11);
    assert_int_equal(nodes[1]->flat, 5);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

/* A call is inlined where it is in each sample that has it. */
static void
test_inlined(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m 1\nf 2\ng 3\nm;g 4\n");
    evprof_line_t *lines = evprof_arena_calloc(&p->arena, 2, sizeof(*lines));
    uint32_t m = p->samples[0].locations[0];
    uint32_t f = p->samples[1].locations[0];
    lines[0] = p->locations[f].lines[0];
    lines[1] = p->locations[m].lines[0];
    p->locations[f].lines = lines; /* f, inlined into m */
    p->locations[f].line_count = 2;
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, NULL);
    assert_int_equal(edge_of(g, "m", "f")->weight, 2);
    assert_true(edge_of(g, "m", "f")->is_inline);
    assert_true(node_of(g, "f")->may_be_inlined);
    assert_false(edge_of(g, "m", "g")->is_inline);
    assert_false(node_of(g, "g")->may_be_inlined);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_means(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int64_t divisor;
        int64_t mean;
    } rows[] = {
        { 10, 0, 10 },
        { 10, 4, 2 },
        { 10, -1, -10 },
        { INT64_MIN, 2, INT64_MIN / 2 },
        { INT64_MIN, -1, INT64_MIN },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const evprof_node_t node = { .flat = rows[i].value,
                                     .flat_div = rows[i].divisor,
                                     .cum = rows[i].value,
                                     .cum_div = rows[i].divisor };
        assert_true(evprof_node_flat(&node) == rows[i].mean);
        assert_true(evprof_node_cum(&node) == rows[i].mean);
    }
}

/* What is equal in the order that is asked for stands in that of the places. */
static void
test_lists(void **state)
{
    static evprof_node_t all[] = {
        { .info = { .name = "a", .file = "z.c", .object = "", .address = 3 } },
        { .info = { .name = "b",
                    .file = "b.c",
                    .object = "",
                    .address = 2,
                    .start_line = 9 } },
        { .info = { .name = "b", .file = "a.c", .object = "", .address = 2 } },
        { .info = { .name = "c",
                    .file = "b.c",
                    .object = "",
                    .address = 1,
                    .start_line = 8 } },
    };
    static const int orders[][4] = {
        [EVPROF_ORDER_NAME] = { 0, 2, 1, 3 },
        [EVPROF_ORDER_FILE] = { 2, 3, 1, 0 },
        [EVPROF_ORDER_ADDRESS] = { 3, 2, 1, 0 },
    };
    (void)state;
    for (int order = EVPROF_ORDER_NAME; order <= EVPROF_ORDER_ADDRESS;
         order++) {
        evprof_node_t *nodes[] = { &all[3], &all[1], &all[2], &all[0] };
        evprof_nodes_sort(nodes, 4, (enum evprof_node_order)order);
        for (int i = 0; i < 4; i++) {
            assert_ptr_equal(nodes[i], &all[orders[order][i]]);
        }
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
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_inlined),
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL) +
           run_trim_tests() + run_tree_tests() + run_shorten_tests() +
           run_tags_tests() + run_walk_tests();
}
