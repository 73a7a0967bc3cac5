/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_VIEWS_H
#define EVPROF_TIMELINE_VIEWS_H

#include "core/base/buf.h"
#include "core/timeline/spans.h"

/* Views of a timeline, as text. Each function appends a heading and at most
 * `limit` rows, for the part that `s` is limited to; it appends nothing where
 * there is nothing to show. Out of memory marks `out` as failed. */

/* The time that each goroutine ran, was ready to run, and waited, by reason. */
void evprof_timeline_view_states(const evprof_timeline_spans_t *s, size_t limit,
                                 evprof_buf_t *out);

/* The tasks that took longest, each with what it waited for. */
void evprof_timeline_view_slowest(const evprof_timeline_spans_t *s,
                                  size_t limit, evprof_buf_t *out);

/* How long tasks and regions of each name take. */
void evprof_timeline_view_latency(const evprof_timeline_spans_t *s,
                                  size_t limit, evprof_buf_t *out);

/* The goroutines that ended most of the waiting of others, and where. */
void evprof_timeline_view_wakers(const evprof_timeline_spans_t *s, size_t limit,
                                 evprof_buf_t *out);

#endif
