/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_CPU_TIMER_H
#define EVPROF_SAMPLE_CPU_TIMER_H

/*
 * The timers of the CPU sampler: one a thread. A thread's record says whether
 * it has one, under the record's lock, so that a timer is always made for the
 * thread that is meant: its kernel id cannot be reused before the record ends.
 */

#include "core/sample/threads.h"

typedef struct evprof_cpu_timer_stats {
    uint64_t period_ns;
    uint64_t armed;    /* threads that had a timer */
    uint64_t missed;   /* threads that could not have one */
    uint64_t refused;  /* of them for want of a queued-signal slot */
    int last_errno;    /* why the last of them could not, 0: all could */
    uint64_t cpu_ns;   /* CPU time of threads while they had a timer */
    uint64_t lost;     /* weight of drops that no later sample carried */
    uint64_t uncaught; /* expiries due when a timer was deleted, not seen */
    uint64_t closed;   /* of them recorded at the end of their thread */
} evprof_cpu_timer_stats_t;

/* Arms every thread that has a record, and from now on each new one. */
void evprof_cpu_timers_start(uint64_t period_ns);

/* Arms what scans have found since; a tick of the drainer. */
void evprof_cpu_timers_rearm(void);

/* Deletes all timers. Signals may still arrive; their tokens are stale. */
void evprof_cpu_timers_stop(void);

/* Counts of this session. MT-Safe. */
void evprof_cpu_timers_stats(evprof_cpu_timer_stats_t *out);

/* In the child of a fork: there are no timers. */
void evprof_cpu_timers_fork_child(void);

#endif
