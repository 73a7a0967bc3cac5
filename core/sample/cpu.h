/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_CPU_H
#define EVPROF_SAMPLE_CPU_H

/*
 * The CPU sampler: one POSIX timer per thread on that thread's CPU clock, made
 * from outside it, each with a random first expiry. A sample weighs 1 + the
 * timer's overruns + what was dropped before it, so that the sum of weights
 * times the period is the CPU time that was used.
 */

#include <stdint.h>

#include <evprof/module.h>

#include "core/sample/cpu_timer.h"
#include "core/sample/sampling.h"
#include "core/sample/tap.h"

/*
 * Opens a window over all threads of the process, those made later included,
 * and starts sampling unless it goes on already. May take a while with
 * thousands of threads: never on an event loop. EVPROF_EBUSY: it goes on at
 * another rate; EVPROF_EINVAL; EVPROF_ENOMEM; EVPROF_EIO. MT-Safe.
 */
int evprof_cpu_begin(const evprof_sampling_options_t *options,
                     evprof_sample_window_t **out, evprof_error_t *err);

/*
 * Closes the window and writes columns, period, times, samples and comments to
 * `out`; with NULL it only closes. The last window to close stops sampling.
 * EVPROF_ESTATE: it is not open (also in a forked child). MT-Safe.
 */
int evprof_cpu_end(evprof_sample_window_t *window, evprof_builder_t *out,
                   evprof_error_t *err);

/*
 * Sets a function that gets each sample, with its stack, while any window is
 * open; NULL: none. It is called on the thread that empties the rings, one call
 * at a time, and must not wait.
 */
void evprof_cpu_watch(void (*watch)(const evprof_record_t *record,
                                    const evprof_stack_t *stack));

typedef struct evprof_cpu_stats {
    evprof_tap_stats_t tap;
    evprof_cpu_timer_stats_t timers; /* of threads that ended, until the end */
    uint32_t threads;                /* that the process has now */
    uint64_t overflow; /* weight of stacks that the table had no room for */
} evprof_cpu_stats_t;

/* Counts since sampling was started; when it is off, those of the last time. */
void evprof_cpu_stats(evprof_cpu_stats_t *out);

#endif
