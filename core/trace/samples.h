/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_SAMPLES_H
#define EVPROF_TRACE_SAMPLES_H

/*
 * CPU samples on their way into the trace. While a trace is recorded, the CPU
 * sampler hands over a copy of each sample here, and the collector fetches
 * them. Neither waits for the other for longer than a copy takes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct evprof_trace_sample {
    int64_t ns;
    pid_t tid;
    const uint64_t *pcs; /* return addresses, leaf first */
    size_t count;
} evprof_trace_sample_t;

/* Switches on or off whether samples are kept, and forgets those that are. */
void evprof_trace_samples_watch(bool is_on);

/* Calls `take` for each that is kept, and forgets it. Returns how many more
 * there were than room. Collector only. */
uint64_t evprof_trace_samples_fetch(
    void (*take)(void *ctx, const evprof_trace_sample_t *sample), void *ctx);

/* In the child of a fork: none is kept. */
void evprof_trace_samples_fork_child(void);

#endif
