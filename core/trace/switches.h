/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_SWITCHES_H
#define EVPROF_TRACE_SWITCHES_H

/*
 * Records when the kernel switched a thread off its processor and to it again,
 * by perf_event_open(2). Each thread has a ring of 16 KiB of locked memory,
 * which holds some 1,000 switches between two visits of the collector; no
 * descriptor stays open. Collector only.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/perf_ring.h"
#include "core/trace/event.h"

typedef struct evprof_trace_switches {
    evprof_perf_ring_t ring;
    bool is_tried; /* with or without success */
} evprof_trace_switches_t;

/* Begins to follow a thread of this process; 0, or the error's number. */
int evprof_trace_switches_open(evprof_trace_switches_t *switches, pid_t tid);

/* Before a fork: waits until no other thread has a descriptor open. It then has
 * to be followed by one of the next two. */
void evprof_trace_switches_fork_prepare(void);

/* After it, in the parent. */
void evprof_trace_switches_fork_parent(void);

/* After it, in the child. */
void evprof_trace_switches_fork_child(void);

/* Ends following the thread; does nothing where none is followed. */
void evprof_trace_switches_close(evprof_trace_switches_t *switches);

/* Calls `take` for each switch up to `until_ns` of CLOCK_MONOTONIC, in their
 * order. Returns how many found no room in the ring. */
uint64_t
evprof_trace_switches_read(const evprof_trace_switches_t *switches,
                           int64_t until_ns,
                           void (*take)(void *ctx, enum evprof_trace_type type,
                                        int64_t ns, enum evprof_trace_out why),
                           void *ctx);

#endif
