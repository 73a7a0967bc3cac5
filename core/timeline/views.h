/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_VIEWS_H
#define EVPROF_TIMELINE_VIEWS_H

#include "core/base/buf.h"
#include "core/timeline/spans.h"

/* What people look for in a trace, as text. Each appends a heading and rows,
 * `limit` of them at most, for the part that `s` is limited to; nothing when
 * there is nothing to say. Memory that runs out marks `out`. */

/* How long each goroutine ran, was ready, and waited for what. */
void evprof_timeline_view_states(const evprof_timeline_spans_t *s, size_t limit,
                                 evprof_buf_t *out);

/* The tasks that took longest, each with what it waited for. */
void evprof_timeline_view_slowest(const evprof_timeline_spans_t *s,
                                  size_t limit, evprof_buf_t *out);

/* How long tasks and regions of each name take. */
void evprof_timeline_view_latency(const evprof_timeline_spans_t *s,
                                  size_t limit, evprof_buf_t *out);

/* Who ended most of the others' waiting, and where. */
void evprof_timeline_view_wakers(const evprof_timeline_spans_t *s, size_t limit,
                                 evprof_buf_t *out);

#endif
