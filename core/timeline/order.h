/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_ORDER_H
#define EVPROF_TIMELINE_ORDER_H

/*
 * The states of goroutines, Ps and Ms at one point of a trace. They order the
 * events of different Ms: an event that does not fit the states yet waits until
 * events of other Ms have changed them.
 */

#include "core/timeline/generation.h"
#include "core/timeline/id_map.h"
#include "core/timeline/timeline.h"

#define EVPROF_TIMELINE_ARGS 4

typedef struct evprof_timeline_raw {
    uint8_t type;
    int64_t ns;
    uint64_t args[EVPROF_TIMELINE_ARGS];
} evprof_timeline_raw_t;

typedef struct evprof_timeline_order {
    evprof_timeline_t *t;
    const evprof_timeline_generation_t *generation;
    evprof_timeline_map_t gs;
    struct evprof_timeline_g *g_rows;
    size_t g_cap;
    evprof_timeline_map_t ps;
    struct evprof_timeline_p *p_rows;
    size_t p_cap;
    evprof_timeline_map_t ms;
    struct evprof_timeline_m *m_rows;
    size_t m_cap;
    evprof_timeline_map_t tasks;
    struct evprof_timeline_task *task_rows;
    size_t task_cap;
    uint64_t first_generation;
    uint64_t gc_sequence;
    uint8_t gc_state;
    int64_t last_ns;
    const char *why; /* what was wrong, when something was */
} evprof_timeline_order_t;

enum evprof_timeline_step {
    EVPROF_TIMELINE_DONE,
    EVPROF_TIMELINE_NOT_YET,
    EVPROF_TIMELINE_WRONG, /* see `why` */
    EVPROF_TIMELINE_NO_MEMORY,
};

/* Reads an event of an M: its time is still a difference, in ticks. False: it
 * is none. */
bool evprof_timeline_raw_read(evprof_timeline_bytes_t *bytes,
                              evprof_timeline_raw_t *out, uint64_t *ticks);

/* Begins a generation. */
void evprof_timeline_order_begin(evprof_timeline_order_t *o,
                                 const evprof_timeline_generation_t *g);

/* Applies an event of `m` and adds it to the timeline, if it fits the
 * states. */
enum evprof_timeline_step
evprof_timeline_order_step(evprof_timeline_order_t *o, uint64_t m,
                           const evprof_timeline_raw_t *event);

/* Adds a sample. */
enum evprof_timeline_step
evprof_timeline_order_sample(evprof_timeline_order_t *o,
                             const evprof_timeline_sample_t *sample);

/* Frees the memory, but not the timeline. */
void evprof_timeline_order_free(evprof_timeline_order_t *o);

#endif
