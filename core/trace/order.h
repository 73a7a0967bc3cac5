/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_ORDER_H
#define EVPROF_TRACE_ORDER_H

/*
 * From the events of all threads to a generation: they are sorted by time, each
 * end of a wait is paired with what ended it, and lanes write the outcome.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/trace/lane.h"
#include "core/trace/ring.h"
#include "core/trace/stacks.h"
#include "core/trace/texts.h"

/* Where an event stands in the words, and what it is paired with. */
typedef struct evprof_trace_ref {
    int64_t ns;
    uint32_t lane;  /* index in lanes.items */
    uint32_t woken; /* WAKE and END: first RETURN that it ended, + 1 */
    uint32_t next;  /* RETURN: the next of the same waker, + 1 */
    uint32_t mark;  /* CREATE: index of the lane that it made, + 1; IN: 1 when
                     * it ends a wait; WAKE: how many threads waited, of which
                     * it may have been for another; RETURN: the same of its
                     * WAKE, 0: it is certain whose it was */
    size_t at;
} evprof_trace_ref_t;

/* The lanes of all threads, and the events that the next generation will
 * hold. */
typedef struct evprof_trace_order {
    evprof_lanes_t lanes;
    evprof_trace_stacks_t stacks;
    evprof_trace_texts_t texts;
    uint64_t *stack_marks; /* serial of the generation that names it */
    size_t stack_mark_cap;
    uint64_t *text_marks;
    size_t text_mark_cap;
    uint64_t *words;
    size_t word_count;
    size_t word_cap;
    evprof_trace_ref_t *refs;
    size_t ref_count;
    size_t ref_cap;
    uint64_t lost_switches; /* of threads by the kernel */
} evprof_trace_order_t;

/* Adds a thread that existed when the trace began, asleep or running, with its
 * stack. It is left out when memory is out. */
void evprof_trace_order_seed(evprof_trace_order_t *order, pid_t tid,
                             bool is_asleep, const uint64_t *pcs, size_t count);

/* Takes all events out of the ring. False: out of memory, and they are lost. */
bool evprof_trace_order_drain(evprof_trace_order_t *order,
                              evprof_trace_ring_t *ring);

/* Adds a switch by the kernel, off the processor or to it, of the thread of
 * that lane. */
void evprof_trace_order_add_switch(evprof_trace_order_t *order, uint32_t lane,
                                   enum evprof_trace_type type, int64_t ns,
                                   enum evprof_trace_out why);

/* Adds an event of the collector's own, told by the first thread. */
void evprof_trace_order_add(evprof_trace_order_t *order,
                            enum evprof_trace_type type, int64_t ns,
                            uint64_t arg);

/* Writes all events into `generation`, which lasts from its start to `end_ns`.
 */
void evprof_trace_order_encode(evprof_trace_order_t *order,
                               evprof_trace_generation_t *generation,
                               int64_t end_ns);

/* What readers of a trace should know of it. */
typedef struct evprof_trace_notes {
    const char *ways;            /* how states are known */
    uint64_t lost;               /* events */
    uint64_t lost_switches;      /* of threads by the kernel */
    const char *const *comments; /* on names */
    size_t comment_count;
} evprof_trace_notes_t;

/* Writes the end of a trace, at the start of `generation`: waits that are open
 * end there, so that they are as long as the trace has seen them, and the notes
 * follow. What is recorded goes on as if nothing had been written. */
void evprof_trace_order_close(evprof_trace_order_t *order,
                              evprof_trace_generation_t *generation,
                              const evprof_trace_notes_t *notes);

/* Frees all of it; it is empty afterwards. */
void evprof_trace_order_free(evprof_trace_order_t *order);

#endif
