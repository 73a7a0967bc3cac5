/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_WALL_H
#define EVPROF_SAMPLE_WALL_H

/*
 * The wall-clock sampler: where threads spend time, running or not. One thread
 * of ours looks at a few threads a tick; each stack is given the time since its
 * thread was last looked at, so that the sum over a thread is the window. A
 * thread whose CPU clock stands still is not walked again: its last stack gets
 * the time.
 */

#include <stdint.h>

#include <evprof/module.h>

#include "core/sample/sampling.h"

/* Opens a window, and starts looking `rate_hz` times a second unless that goes
 * on already. EVPROF_EBUSY: it goes on at another rate; EVPROF_EINVAL;
 * EVPROF_ENOMEM; EVPROF_EIO. Not in a handler. MT-Safe. */
int evprof_wall_begin(const evprof_sampling_options_t *options,
                      evprof_sample_window_t **out, evprof_error_t *err);

/* Closes it and writes columns, period, times, samples and comments to `out`;
 * with NULL it only closes. The last one stops the looks. EVPROF_ESTATE: it is
 * not open (also in a forked child). MT-Safe. */
int evprof_wall_end(evprof_sample_window_t *window, evprof_builder_t *out,
                    evprof_error_t *err);

typedef struct evprof_wall_stats {
    uint64_t looks;         /* at a thread's clock */
    uint64_t still;         /* of those, how many found it where it was */
    uint64_t walked;        /* of those, how many found it asleep elsewhere */
    uint64_t asked;         /* timers armed and signals sent */
    uint64_t interrupted;   /* of those, signals to sleeping threads */
    uint64_t cut_short;     /* system calls that an ask ended with EINTR */
    uint64_t unanswered;    /* asks that nobody answered in time */
    uint64_t refused;       /* asks that the kernel refused */
    uint64_t unreadable_ns; /* time of sleepers that could not be walked */
    uint64_t overflow_ns;   /* time whose stack found no room */
} evprof_wall_stats_t;

/* Counts since the sampler was started; when it is off, those of the last
 * time. */
void evprof_wall_stats(evprof_wall_stats_t *out);

#endif
