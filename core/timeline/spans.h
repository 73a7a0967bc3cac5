/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_SPANS_H
#define EVPROF_TIMELINE_SPANS_H

/* What goroutines did from when to when, made of the events of a timeline, and
 * what the program told of itself: tasks and regions. */

#include "core/timeline/id_map.h"
#include "core/timeline/timeline.h"

typedef struct evprof_timeline_span {
    int64_t start_ns;
    int64_t end_ns;
    uint32_t goroutine; /* row */
    uint32_t waker;     /* row + 1 of who ended the wait; 0: unknown */
    uint32_t stack;     /* of the event that began it: for RUNNABLE who did */
    uint32_t waker_stack;
    const char *reason;
    uint8_t state;
    bool is_open;  /* the trace ends before it does */
    bool is_early; /* the goroutine had not run yet */
    bool is_guess; /* several waited: `waker` need not be who ended it */
} evprof_timeline_span_t;

typedef struct evprof_timeline_goroutine {
    uint64_t id;
    const char *name; /* its outermost function; "" when unknown */
    int64_t start_ns; /* of it, or of the trace */
    int64_t end_ns;
    uint32_t first; /* its spans, by time */
    uint32_t count;
    uint32_t creator; /* row + 1; 0: unknown */
    bool is_made;     /* within the trace */
    bool is_ended;
    bool has_run;
} evprof_timeline_goroutine_t;

/* A task, or a region of a goroutine. */
typedef struct evprof_timeline_mark {
    uint64_t task;
    uint64_t parent; /* task; 0: none */
    const char *name;
    int64_t start_ns;
    int64_t end_ns;
    uint32_t start_goroutine; /* row + 1; 0: unknown */
    uint32_t end_goroutine;
    uint32_t stack;
    uint32_t depth; /* regions around it */
    bool is_begun;  /* within the trace */
    bool is_ended;
} evprof_timeline_mark_t;

typedef struct evprof_timeline_spans {
    const evprof_timeline_t *t;
    evprof_timeline_map_t ids;
    evprof_timeline_goroutine_t *goroutines; /* by row */
    size_t goroutine_cap;
    evprof_timeline_span_t *items;
    size_t count;
    size_t cap;
    evprof_timeline_mark_t *tasks; /* by their beginning */
    size_t task_count;
    size_t task_cap;
    evprof_timeline_mark_t *regions; /* by their end */
    size_t region_count;
    size_t region_cap;
    int64_t from_ns; /* what views are limited to */
    int64_t to_ns;
} evprof_timeline_spans_t;

/* Makes the spans of `t`, which must outlive them. Views are not limited at
 * first. EVPROF_ENOMEM. */
int evprof_timeline_spans_make(const evprof_timeline_t *t,
                               evprof_timeline_spans_t *out,
                               evprof_error_t *err);

/* Frees the spans; there are none afterwards. */
void evprof_timeline_spans_free(evprof_timeline_spans_t *s);

/* How much of the time from `start` to `end` lies within the limits of the
 * views, in nanoseconds. */
int64_t evprof_timeline_within(const evprof_timeline_spans_t *s,
                               int64_t start_ns, int64_t end_ns);

/* The row of a goroutine, EVPROF_INDEX_END: it has none. */
uint32_t evprof_timeline_row(const evprof_timeline_spans_t *s, uint64_t id);

#endif
