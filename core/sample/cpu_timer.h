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
    uint64_t late;     /* of these, how many had one later: armed as well */
    uint64_t missing;  /* of these, how many have none now; those that wait for
                        * a queued-signal slot count until they end */
    int last_errno;    /* why the last of them could not, 0: all could */
    uint64_t cpu_ns;   /* CPU time of threads while they had a timer; whole
                        * when none has one any more */
    uint64_t lost;     /* weight of drops that no later sample carried */
    uint64_t uncaught; /* expiries due when a timer was deleted, not seen */
    uint64_t closed;   /* of them recorded at the end of their thread */
} evprof_cpu_timer_stats_t;

/* Arms every thread that has a record, and from now on each new one. */
void evprof_cpu_timers_start(uint64_t period_ns);

/* Arms threads that scans have found since, and those that were refused by the
 * limit of queued signals, and reminds those whose timer does not tell. Called
 * by the drainer at each tick. */
void evprof_cpu_timers_rearm(void);

/* Deletes all timers. Signals may still arrive; the handler ignores their old
 * tokens. */
void evprof_cpu_timers_stop(void);

/* Counts of this session. MT-Safe. */
void evprof_cpu_timers_stats(evprof_cpu_timer_stats_t *out);

/* A thread's CPU clock at one moment. */
typedef struct evprof_cpu_mark {
    uint32_t generation; /* of its record */
    uint64_t cpu_ns;
} evprof_cpu_mark_t;

/*
 * All clocks at one moment, to tell what windows have in common that begin or
 * end while others go on. Sums are over threads that have or had a timer since
 * the start; the difference of two readings is what belongs between them.
 */
typedef struct evprof_cpu_reading {
    uint64_t cpu_ns;          /* used */
    uint64_t due;             /* expiries, delivered or not */
    uint64_t carried;         /* weight of drops that waits for a sample */
    uint64_t live;            /* threads that have a timer now */
    evprof_cpu_mark_t *marks; /* of those, by the index of the record; those
                                 of others are 0. The reader frees it. */
    uint32_t count;           /* of marks */
} evprof_cpu_reading_t;

/* EVPROF_ENOMEM. A microsecond for each thread. */
int evprof_cpu_timers_read(evprof_cpu_reading_t *out);

/* The clock of the thread with record `index` of that generation; `otherwise`
 * when it is not in the reading. */
uint64_t evprof_cpu_reading_of(const evprof_cpu_reading_t *reading,
                               uint32_t index, uint32_t generation,
                               uint64_t otherwise);

/* Sums of threads that no longer have a timer. */
void evprof_cpu_timers_ended(evprof_cpu_reading_t *out);

/* In the child of a fork: there are no timers. */
void evprof_cpu_timers_fork_child(void);

#endif
