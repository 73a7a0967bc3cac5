/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event of d nanoseconds is kept with probability p = min(1, d / T) and then
 * stands for 1 / p events and d / p nanoseconds, so the sums are unbiased
 * whatever T is, as long as T is chosen before the event. T is the rate that
 * the user set or more: as the stacks of a second are used up, T is doubled
 * step by step (a burst), and each second starts with the T that would have
 * suited the one before (steady load). Long waits, which a profile is for, are
 * thus the last to be thinned out. Only what comes after the last stack of the
 * budget is lost; it is counted.
 */
#include "core/sample/budget.h"

#include "core/base/hash.h"

#define WINDOW_NS INT64_C(1000000000)
/* Two thirds of the budget: room for a second that is busier than the last. */
#define STEADY_STACKS ((int64_t)EVPROF_BUDGET_STACKS * 2 / 3)
/* After so many stacks T doubles: ten times in a window. */
#define BURST_STEP (EVPROF_BUDGET_STACKS / 10)

static int64_t
load(_Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void
store(_Atomic int64_t *value, int64_t to)
{
    atomic_store_explicit(value, to, memory_order_relaxed);
}

/* The first thread that finds a new second resets the counts. */
static void
roll(evprof_budget_t *budget, int64_t now_ns)
{
    int64_t window = now_ns / WINDOW_NS;
    int64_t last = load(&budget->window);
    if (window <= last || !atomic_compare_exchange_strong_explicit(
                              &budget->window, &last, window,
                              memory_order_relaxed, memory_order_relaxed)) {
        return;
    }
    int64_t total_ns = load(&budget->total_ns);
    store(&budget->threshold_ns,
          window == last + 1 ? total_ns / STEADY_STACKS : 0);
    store(&budget->total_ns, 0);
    atomic_store_explicit(&budget->events, 0, memory_order_relaxed);
    atomic_store_explicit(&budget->kept, 0, memory_order_relaxed);
}

void
evprof_budget_restart(evprof_budget_t *budget)
{
    store(&budget->threshold_ns, 0);
    store(&budget->total_ns, 0);
    atomic_store_explicit(&budget->events, 0, memory_order_relaxed);
}

static void
raise_threshold(evprof_budget_t *budget)
{
    uint64_t events =
        atomic_load_explicit(&budget->events, memory_order_relaxed);
    int64_t mean_ns = load(&budget->total_ns) / (int64_t)(events + 1);
    int64_t threshold_ns = load(&budget->threshold_ns);
    store(&budget->threshold_ns,
          2 * (threshold_ns > mean_ns ? threshold_ns : mean_ns));
}

/* True with probability ns / threshold_ns. */
static bool
draw(uint64_t seed, int64_t ns, int64_t threshold_ns)
{
    double random = (double)(evprof_hash_mix(seed) >> 11) * 0x1p-53;
    return random * (double)threshold_ns < (double)ns;
}

bool
evprof_budget_take(evprof_budget_t *budget, int64_t now_ns, int64_t ns,
                   int64_t rate_ns, evprof_weight_t *out)
{
    roll(budget, now_ns);
    uint64_t event =
        atomic_fetch_add_explicit(&budget->events, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&budget->total_ns, ns, memory_order_relaxed);
    int64_t threshold_ns = load(&budget->threshold_ns);
    threshold_ns = threshold_ns > rate_ns ? threshold_ns : rate_ns;
    bool is_short = ns < threshold_ns;
    if (is_short && !draw((uint64_t)now_ns + (event << 32), ns, threshold_ns)) {
        return false;
    }
    out->count = is_short ? (double)threshold_ns / (double)ns : 1.0;
    out->ns = is_short ? threshold_ns : ns;
    uint32_t kept =
        atomic_fetch_add_explicit(&budget->kept, 1, memory_order_relaxed);
    if (kept >= EVPROF_BUDGET_STACKS) {
        atomic_fetch_add_explicit(&budget->lost, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&budget->lost_ns, out->ns,
                                  memory_order_relaxed);
        return false;
    }
    if (kept % BURST_STEP == BURST_STEP - 1) {
        raise_threshold(budget);
    }
    return true;
}
