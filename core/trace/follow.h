/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_FOLLOW_H
#define EVPROF_TRACE_FOLLOW_H

/*
 * Puts into the trace when the kernel switched threads off their processor and
 * back on: of all threads, where the configuration wants it and the kernel
 * permits it. Collector only.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/trace/order.h"

typedef struct evprof_trace_follow {
    const char *why_not; /* nobody wants it, static; NULL: somebody does */
    int error;           /* of a thread that could not be followed, 0: none */
    size_t followed;     /* threads, since it began */
    size_t left_out;
    size_t beyond; /* the most that lived at once beside those followed */
} evprof_trace_follow_t;

/* Follows the threads that have come since the last call, as far as there are
 * not more than 1,024 at once. */
void evprof_trace_follow_new(evprof_trace_follow_t *follow,
                             evprof_trace_order_t *order);

/* Adds the switches up to `until_ns` to the order. */
void evprof_trace_follow_read(evprof_trace_order_t *order, int64_t until_ns);

/* Ends following all threads. A thread that is switched off counts as running
 * from here on. */
void evprof_trace_follow_end(evprof_trace_follow_t *follow,
                             evprof_trace_order_t *order, int64_t now_ns);

/* In the child of a fork, which has none of the rings. */
void evprof_trace_follow_fork_child(evprof_trace_order_t *order);

/* Writes how the states of threads are known, for the trace, cut to what fits
 * into `size` bytes, of which there is one at least. */
void evprof_trace_follow_tell(const evprof_trace_follow_t *follow, char *out,
                              size_t size);

#endif
