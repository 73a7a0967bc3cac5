/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_BUDGET_H
#define EVPROF_SAMPLE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Chooses which events get a stack, so that never more than a fixed number a
 * second do and the weights of those that do still add up to all of them.
 * Lock-free, any thread. Zero-initialised is valid.
 */
typedef struct evprof_budget {
    _Atomic int64_t window; /* index of the second */
    _Atomic uint32_t kept;  /* in this window */
    _Atomic uint64_t events;
    _Atomic int64_t total_ns;
    _Atomic int64_t threshold_ns;
    _Atomic uint64_t lost; /* since ever */
    _Atomic int64_t lost_ns;
} evprof_budget_t;

/* Stacks a second and budget. */
#define EVPROF_BUDGET_STACKS 500u

/* What one recorded event weighs. */
typedef struct evprof_weight {
    double count;
    int64_t ns;
} evprof_weight_t;

/*
 * Whether the event of `ns` > 0 at time `now_ns` is taken, and with what
 * weight. Events of `rate_ns` and longer are taken while the budget allows,
 * shorter ones with probability ns / rate_ns.
 */
bool evprof_budget_take(evprof_budget_t *budget, int64_t now_ns, int64_t ns,
                        int64_t rate_ns, evprof_weight_t *out);

/* Forgets how busy it was so far, for a new rate: events are thinned out again
 * once there are many. The budget of the current second stays what is left. */
void evprof_budget_restart(evprof_budget_t *budget);

#endif
