/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes with their edges, which are there already or made for the walk. */
#include <string.h>

#include "core/base/buf.h"
#include "tests/unit/graph/tests.h"

static bool
is_not_a(void *ctx, const evprof_node_t *node)
{
    (void)ctx;
    return strcmp(node->name, "a") != 0;
}

/* Writes "node <caller weight >callee weight;" */
static int
spell(void *ctx, evprof_node_t *node, evprof_error_t *err)
{
    evprof_buf_t *out = ctx;
    (void)err;
    evprof_buf_puts(out, node->name);
    for (size_t i = 0; i < node->in_count; i++) {
        evprof_buf_printf(out, " <%s %lld", node->in[i]->src->name,
                          (long long)node->in[i]->weight);
    }
    for (size_t i = 0; i < node->out_count; i++) {
        evprof_buf_printf(out, " >%s %lld", node->out[i]->dest->name,
                          (long long)node->out[i]->weight);
    }
    evprof_buf_putc(out, ';');
    return EVPROF_OK;
}

static void
expect_walk(enum evprof_graph_edges edges, evprof_edge_walk_t how,
            const char *expected)
{
    evprof_pprof_t *p = profile_of("m;a;b 10\nm;a 5\nm;b 2\n");
    const evprof_graph_options_t options = { .edges = edges,
                                             .tag_unit = "bytes",
                                             .output_unit = "minimum" };
    const evprof_trim_t trim = { 0 };
    evprof_graph_t *g = graph_of(p, &options, &trim, NULL);
    evprof_buf_t out = { 0 };
    /* Edges that nothing needs yet are made for the walk alone. */
    assert_int_equal(node_of(g, "m")->out_count,
                     edges == EVPROF_EDGES_LATER ? 0 : 2);
    how.visit = spell;
    how.ctx = &out;
    assert_int_equal(evprof_graph_walk_edges(g, &how, NULL), EVPROF_OK);
    assert_string_equal(out.data, expected);
    evprof_buf_free(&out);
    evprof_graph_free(g);
    evprof_pprof_free(p);
}

static void
test_all(void **state)
{
    static const char expected[] = "b <a 10 <m 2;a <m 15 >b 10;m >a 15 >b 2;";
    const evprof_edge_walk_t how = { .wants_in = true, .wants_out = true };
    (void)state;
    expect_walk(EVPROF_EDGES_ALL, how, expected);
    expect_walk(EVPROF_EDGES_LATER, how, expected);
}

static void
test_some(void **state)
{
    const evprof_edge_walk_t how = { .is_wanted = is_not_a,
                                     .wants_in = true,
                                     .wants_out = true };
    (void)state;
    expect_walk(EVPROF_EDGES_ALL, how, "b <a 10 <m 2;m >a 15 >b 2;");
    expect_walk(EVPROF_EDGES_LATER, how, "b <a 10 <m 2;m >a 15 >b 2;");
}

static void
test_one_side(void **state)
{
    const evprof_edge_walk_t in = { .wants_in = true };
    const evprof_edge_walk_t out = { .wants_out = true };
    (void)state;
    expect_walk(EVPROF_EDGES_LATER, in, "b <a 10 <m 2;a <m 15;m;");
    expect_walk(EVPROF_EDGES_LATER, out, "b;a >b 10;m >a 15 >b 2;");
}

static int
stop_at_second(void *ctx, evprof_node_t *node, evprof_error_t *err)
{
    (void)node;
    (void)err;
    return ++*(int *)ctx == 2 ? EVPROF_EIO : EVPROF_OK;
}

static void
test_a_visit_that_fails(void **state)
{
    (void)state;
    static const enum evprof_graph_edges edges[] = { EVPROF_EDGES_ALL,
                                                     EVPROF_EDGES_LATER };
    for (int i = 0; i < 2; i++) {
        evprof_pprof_t *p = profile_of("m;a;b 10\n");
        const evprof_graph_options_t options = { .edges = edges[i],
                                                 .tag_unit = "bytes",
                                                 .output_unit = "minimum" };
        const evprof_trim_t trim = { 0 };
        evprof_graph_t *g = graph_of(p, &options, &trim, NULL);
        int visits = 0;
        const evprof_edge_walk_t how = { .visit = stop_at_second,
                                         .ctx = &visits,
                                         .wants_in = true };
        assert_int_equal(evprof_graph_walk_edges(g, &how, NULL), EVPROF_EIO);
        assert_int_equal(visits, 2);
        evprof_graph_free(g);
        evprof_pprof_free(p);
    }
}

int
run_walk_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_some),
        cmocka_unit_test(test_one_side),
        cmocka_unit_test(test_a_visit_that_fails),
    };
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
