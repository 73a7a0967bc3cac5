/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of making a graph fails once: the call says so, or the graph
 * is whole. */
#include <string.h>

#include "core/analysis/format.h"
#include "tests/short_of_memory.h"
#include "tests/unit/graph/tests.h"

static const char stacks[] = "m;a;b 10\nm;a 5\nm;b;c 2\nm;x;y;z 3\n";

static int
count_node(void *ctx, evprof_node_t *node, evprof_error_t *err)
{
    (void)err;
    *(size_t *)ctx += 1 + node->in_count;
    return EVPROF_OK;
}

/* How many nodes and edges a graph has, 0: memory was out. */
static size_t
make(const evprof_pprof_t *p, const evprof_graph_options_t *options)
{
    const evprof_trim_t trim = { .node_count = 100 };
    evprof_trimmed_t trimmed;
    evprof_graph_t *g = NULL;
    size_t count = 0;
    const evprof_edge_walk_t how = { .visit = count_node,
                                     .ctx = &count,
                                     .wants_in = true };
    int status = evprof_graph_new(p, options, &g, NULL);
    if (status == EVPROF_OK) {
        status = evprof_graph_trim(g, &trim, &trimmed, NULL);
        if (status == EVPROF_OK) {
            status = evprof_graph_walk_edges(g, &how, NULL);
        }
        evprof_graph_free(g);
    }
    assert_true(status == EVPROF_OK || status == EVPROF_ENOMEM);
    return status == EVPROF_OK ? count : 0;
}

static void
check(const evprof_graph_options_t *options)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(
        evprof_format_read(evprof_formats, stacks, strlen(stacks), &p, &err),
        EVPROF_OK);
    const size_t whole = make(p, options);
    assert_true(whole > 0);
    size_t failures = 0;
    bool has_failed = true;
    for (long n = 1; has_failed; n++) {
        test_fail_allocation(n);
        size_t count = make(p, options);
        has_failed = test_failed_allocation();
        failures += count == 0;
        assert_true(count == whole || (count == 0 && has_failed));
    }
    assert_true(failures > 0);
    evprof_pprof_free(p);
}

static void
test_graphs(void **state)
{
    evprof_graph_options_t options = { .edges = EVPROF_EDGES_ALL,
                                       .tag_unit = "bytes",
                                       .output_unit = "minimum" };
    (void)state;
    check(&options);
    options.keep_objects = true;
    check(&options);
    options.edges = EVPROF_EDGES_LATER;
    check(&options);
    options.is_visual = true;
    options.edges = EVPROF_EDGES_ALL;
    check(&options);
    options.is_tree = true;
    check(&options);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_graphs) };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
