/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/graph/tests.h"

static const evprof_graph_options_t tree = { .edges = EVPROF_EDGES_ALL,
                                             .is_tree = true,
                                             .is_visual = true,
                                             .tag_unit = "bytes",
                                             .output_unit = "minimum" };

/* A function reached by two paths is two nodes, each with one caller. */
static void
test_contexts(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;a;c 10\nm;b;c 20\n");
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &tree, &trim, NULL);
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    assert_int_equal(count, 5);
    int64_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_root = strcmp(nodes[i]->name, "m") == 0;
        assert_int_equal(nodes[i]->in_count, is_root ? 0 : 1);
        if (strcmp(nodes[i]->name, "c") == 0) {
            assert_int_equal(nodes[i]->flat, nodes[i]->cum);
            seen += nodes[i]->cum;
        }
    }
    assert_int_equal(seen, 30);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

/* Children of a node that is left out hang on its caller; those of a root that
 * is left out become roots. */
static void
test_trimmed_tree_is_joined(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;a;b;c 50\nm;d 50\n");
    p->samples[0].values[0] = 50;
    const evprof_trim_t trim = { .node_count = 3 };
    evprof_graph_t *g = graph_of(p, &tree, &trim, NULL);
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < nodes[i]->in_count; j++) {
            assert_true(nodes[i]->in[j]->src->rank > 0);
            assert_ptr_equal(nodes[i]->in[j]->dest, nodes[i]);
        }
    }
    const evprof_edge_t *e = edge_of(g, "m", "c");
    assert_non_null(e);
    assert_true(e->is_residual);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_light_branches_go(void **state)
{
    (void)state;
    evprof_pprof_t *p = profile_of("m;a 99\nm;b;c 1\n");
    const evprof_trim_t trim = { .node_fraction = 0.05 };
    evprof_trimmed_t trimmed;
    evprof_graph_t *g = graph_of(p, &tree, &trim, &trimmed);
    assert_int_equal(trimmed.dropped_nodes, 2);
    assert_null(node_of(g, "b"));
    assert_int_equal(node_of(g, "m")->out_count, 1);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

int
run_tree_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_trimmed_tree_is_joined),
        cmocka_unit_test(test_light_branches_go),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
