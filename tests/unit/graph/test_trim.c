/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/graph/tests.h"

static const evprof_graph_options_t all_edges = { .edges = EVPROF_EDGES_ALL,
                                                  .tag_unit = "bytes",
                                                  .output_unit = "minimum" };

/* What is below the share of the total goes, and what led over it is joined. */
static void
test_light_nodes_leave_residual_edges(void **state)
{
    (void)state;
    evprof_pprof_t *p =
        profile_of("main;thin;heavy 1\nmain;heavy 50\nmain;other 49\n");
    const evprof_trim_t trim = { .node_fraction = 0.1 };
    evprof_trimmed_t trimmed;
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, &trimmed);
    assert_int_equal(trimmed.dropped_nodes, 1);
    assert_int_equal(trimmed.node_count, 3);
    assert_null(node_of(g, "thin"));
    assert_int_equal(node_of(g, "heavy")->cum, 51);
    assert_int_equal(edge_of(g, "main", "heavy")->weight, 51);
    assert_true(edge_of(g, "main", "heavy")->is_residual);
    assert_false(edge_of(g, "main", "other")->is_residual);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

/* The weight of a leaf that is left out belongs to nobody. */
static void
test_flat_of_dropped_leaves_is_lost(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("main;leaf 1\nmain 99\n");
    const evprof_trim_t trim = { .node_fraction = 0.1 };
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, NULL);
    assert_int_equal(node_of(g, "main")->flat, 99);
    assert_int_equal(node_of(g, "main")->cum, 100);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_node_count(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;a 5\nm;b 4\nm;c 3\n");
    const evprof_trim_t trim = { .node_count = 2 };
    evprof_trimmed_t trimmed;
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, &trimmed);
    size_t count;
    evprof_graph_nodes(g, &count);
    assert_int_equal(count, 2);
    assert_int_equal(trimmed.node_count, 4);
    assert_int_equal(trimmed.dropped_nodes, 0);
    assert_non_null(node_of(g, "a"));
    assert_non_null(node_of(g, "b"));
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_light_edges(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;a;b 1\nm;b 98\nm;a 1\n");
    const evprof_trim_t trim = { .edge_fraction = 0.015 };
    evprof_trimmed_t trimmed;
    evprof_graph_t *g = graph_of(p, &all_edges, &trim, &trimmed);
    assert_int_equal(trimmed.dropped_edges, 0);
    evprof_graph_free(g);
    const evprof_trim_t more = { .edge_fraction = 0.025 };
    g = graph_of(p, &all_edges, &more, &trimmed);
    assert_int_equal(trimmed.dropped_edges, 1);
    assert_null(edge_of(g, "a", "b"));
    assert_non_null(edge_of(g, "m", "b"));
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

/* Drawings leave out a residual edge where direct ones tell the same. */
static void
test_redundant_edges(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("a;b;c 50\na;x;c 1\nb;c 1\n");
    evprof_graph_options_t options = all_edges;
    const evprof_trim_t trim = { .node_fraction = 0.05 };
    evprof_graph_t *g = graph_of(p, &options, &trim, NULL);
    assert_true(edge_of(g, "a", "c")->is_residual);
    evprof_graph_free(g);
    options.is_visual = true;
    g = graph_of(p, &options, &trim, NULL);
    assert_null(edge_of(g, "a", "c"));
    assert_non_null(edge_of(g, "a", "b"));
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

/* Only the edges that top's marks need are made. */
static void
test_inline_marks_need_few_edges(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;a;b 5\nm;b 4\n");
    evprof_graph_options_t options = all_edges;
    options.edges = EVPROF_EDGES_INLINED;
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &options, &trim, NULL);
    assert_int_equal(node_of(g, "b")->in_count, 0);
    assert_int_equal(node_of(g, "b")->cum, 9);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

int
run_trim_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_light_nodes_leave_residual_edges),
        cmocka_unit_test(test_flat_of_dropped_leaves_is_lost),
        cmocka_unit_test(test_node_count),
        cmocka_unit_test(test_light_edges),
        cmocka_unit_test(test_redundant_edges),
        cmocka_unit_test(test_inline_marks_need_few_edges),
    };
    return cmocka_run_group_tests_name("trim", tests, NULL, NULL);
}
