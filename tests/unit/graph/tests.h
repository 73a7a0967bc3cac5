/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GRAPH_TESTS_H
#define TESTS_UNIT_GRAPH_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/graph/graph.h"

/* A profile of folded stacks, "main;a;b 10\n..."; fails the test on error. */
evprof_pprof_t *profile_of(const char *folded);

/* The graph of the first column, trimmed. */
evprof_graph_t *graph_of(const evprof_pprof_t *p,
                         const evprof_graph_options_t *options,
                         const evprof_trim_t *trim, evprof_trimmed_t *trimmed);

/* The node of that name in the report, or NULL. */
evprof_node_t *node_of(const evprof_graph_t *g, const char *name);

/* The edge between two nodes of the report, or NULL. */
const evprof_edge_t *edge_of(const evprof_graph_t *g, const char *from,
                             const char *to);

int run_trim_tests(void);
int run_tree_tests(void);
int run_shorten_tests(void);
int run_tags_tests(void);
int run_walk_tests(void);

#endif
