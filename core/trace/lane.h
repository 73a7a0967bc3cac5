/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_LANE_H
#define EVPROF_TRACE_LANE_H

/*
 * A lane is a thread as Go's readers see it: an M, a P and a goroutine of one
 * thread. It writes the thread's batch and keeps what readers check: states,
 * sequence numbers, open regions. Every call leaves a lane in a state that they
 * accept, whatever events were lost, by adding the transitions that are
 * missing.
 *
 *     NEW ──create──> RUNNABLE ──start──> RUNNING <──> WAITING
 *                         ^ ^────── stop ────│            │
 *                         └──────── unblock ─┼────────────┘
 *                                            └─destroy──> ENDED
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/gotrace/gotrace.h"
#include "core/trace/generation.h"
#include "core/trace/switches.h"

enum evprof_lane_state {
    EVPROF_LANE_NEW,
    EVPROF_LANE_RUNNABLE,
    EVPROF_LANE_RUNNING,
    EVPROF_LANE_WAITING,
    EVPROF_LANE_ENDED,
};

/* The generation that is written; set by evprof_lanes_begin(). */
typedef struct evprof_lanes {
    struct evprof_lane **items;
    size_t count;
    size_t cap;
    uint32_t *free_procs; /* numbers of ended threads, used again */
    size_t free_count;
    size_t free_cap;
    uint32_t proc_count;
    evprof_trace_generation_t *generation;
} evprof_lanes_t;

typedef struct evprof_lane {
    pid_t tid;
    uint32_t record; /* of the thread, with its generation; see ring.h */
    uint32_t generation;
    enum evprof_lane_state state;
    uint32_t proc;
    uint64_t sequence;     /* of its goroutine, in this generation */
    uint32_t stack;        /* where it was last seen, for its status */
    int64_t last_ns;       /* of its last event */
    int64_t batch_ns;      /* of the first event of the batch */
    evprof_buf_t batch;    /* payload so far */
    uint32_t region_count; /* open in the trace */
    uint64_t region_tasks[32];
    uint32_t region_names[32];
    bool is_in_wait; /* a wrapper has told of a wait, and not yet of its end */
    uint64_t wait_kind;
    uint64_t wait_object;
    evprof_trace_switches_t switches;
    uint32_t start_stack; /* its start routine */
} evprof_lane_t;

/* A lane for a thread; NULL: out of memory. */
evprof_lane_t *evprof_lane_new(evprof_lanes_t *lanes, pid_t tid);

/* Begins a generation: every lane that lives writes its status. */
void evprof_lanes_begin(evprof_lanes_t *lanes,
                        evprof_trace_generation_t *generation);

/* Ends it: batches go into the generation, ended lanes are forgotten. */
void evprof_lanes_end(evprof_lanes_t *lanes);

/* Frees all lanes; there are none afterwards. */
void evprof_lanes_free(evprof_lanes_t *lanes);

/* Writes that `creator` made the thread of `lane`, unless that is written
 * already; NULL: who did is not known, so that the first thread of the trace
 * is named. */
void evprof_lane_create(evprof_lanes_t *lanes, evprof_lane_t *creator,
                        evprof_lane_t *lane, int64_t ns, uint32_t stack);

/* The thread runs from here on, whatever it did before. */
void evprof_lane_run(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns);

/* The thread waits; `reason` is the number of a string. */
void evprof_lane_block(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                       uint32_t reason, uint32_t stack);

/* The kernel takes the processor of the thread, which could go on; `reason` is
 * the number of a string. Does nothing unless it runs. */
void evprof_lane_stop(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                      uint32_t reason);

/* `waker` ends the wait of `lane`, which runs when it says so itself. */
void evprof_lane_wake(evprof_lanes_t *lanes, evprof_lane_t *waker,
                      evprof_lane_t *lane, int64_t ns, uint32_t stack);

/* The thread ends; its open regions end with it. */
void evprof_lane_end(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns);

/* A region begins on the lane. */
void evprof_lane_enter_region(evprof_lanes_t *lanes, evprof_lane_t *lane,
                              int64_t ns, uint64_t task, uint32_t name,
                              uint32_t stack);

/* The innermost region of the lane ends; nothing where none is open. */
void evprof_lane_leave_region(evprof_lanes_t *lanes, evprof_lane_t *lane,
                              int64_t ns, uint32_t stack);

/* Writes any other event of a running thread. */
void evprof_lane_put(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                     enum evprof_go_event type, const uint64_t *args,
                     size_t count);

/* An event that needs no running thread; left out while the thread is not in
 * the trace. */
void evprof_lane_tell(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                      enum evprof_go_event type, const uint64_t *args,
                      size_t count);

#endif
