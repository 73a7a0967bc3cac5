/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_TABLE_H
#define EVPROF_REPORT_TABLE_H

/* Tables that several reports print. */

#include "core/report/report.h"

/* " (inline)", " (partial-inline)" or "": whether the node's calls in this
 * report are inlined ones. */
const char *evprof_node_inline_mark(const evprof_node_t *node);

/* One row a node: flat, cum and their shares. */
int evprof_write_text(evprof_view_t *view, const evprof_writer_t *out,
                      evprof_error_t *err);

/*
 * A block for each node that the report's expression matches: its callers, the
 * node, its callees. EVPROF_ENOENT when none matches; then nothing is written.
 */
int evprof_write_tree(evprof_view_t *view, const evprof_writer_t *out,
                      evprof_error_t *err);

#endif
