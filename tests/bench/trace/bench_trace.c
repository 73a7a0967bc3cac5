/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_trace
 * Nanoseconds of an event of the execution trace: without and with a stack, and
 * of the calls of <evprof/trace.h> while nothing is recorded. Events come in
 * bursts that a ring holds; between them the collector is waited for, which is
 * not timed. Printed are medians over the bursts, with their budgets.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <evprof/trace.h>

#include "core/trace/recorder.h"
#include "core/trace/ring.h"
#include "core/unwind/unwind.h"

#define BURSTS 200
#define BURST 200
/* Bursts with stacks stay within the budget of stacks. */
#define PAUSE_NS 20000000L
#define OFF_CALLS 10000000

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
    double one = *(const double *)a;
    double other = *(const double *)b;
    return one < other ? -1 : one > other;
}

/* Until the collector has what was written. */
static void
wait_for_collector(void)
{
    const evprof_trace_ring_t *ring = evprof_trace_ring();
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    do {
        nanosleep(&pause, NULL);
    } while (atomic_load(&ring->head) != atomic_load(&ring->tail));
}

__attribute__((noinline)) static double
burst(bool has_stack)
{
    const uint64_t args[] = { 1, 2 };
    const evprof_trace_event_t event = {
        .type = EVPROF_TRACE_WAKE,
        .args = args,
        .arg_count = 2,
        .caller = has_stack ? __builtin_return_address(0) : NULL
    };
    int64_t start = now_ns();
    for (int i = 0; i < BURST; i++) {
        evprof_trace_emit(&event);
    }
    return (double)(now_ns() - start) / BURST;
}

/* Some callers, as a server has them. */
__attribute__((noinline)) static double
deep_burst(bool has_stack, unsigned depth)
{
    double ns =
        depth == 0 ? burst(has_stack) : deep_burst(has_stack, depth - 1);
    __asm__ volatile("" : "+m"(ns)); /* no tail call */
    return ns;
}

static double
median(bool has_stack, unsigned depth)
{
    double ns[BURSTS];
    for (int i = 0; i < BURSTS; i++) {
        wait_for_collector();
        ns[i] = deep_burst(has_stack, depth);
    }
    qsort(ns, BURSTS, sizeof(*ns), by_value);
    return ns[BURSTS / 2];
}

static double
off_call(void)
{
    int64_t start = now_ns();
    for (int i = 0; i < OFF_CALLS; i++) {
        evprof_region_end(evprof_region_begin(0, "off"));
    }
    return (double)(now_ns() - start) / OFF_CALLS / 2;
}

int
main(void)
{
    const evprof_trace_limits_t limits = { .keep_bytes = 64 << 20 };
    evprof_error_t err;
    printf("off: %.2f ns a call\n", off_call());
    evprof_unwind_refresh();
    if (evprof_trace_begin(EVPROF_TRACE_WINDOW, &limits, NULL, 0, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    evprof_trace_log(0, "first", "event");
    printf("event without a stack: %.1f ns (budget 50)\n", median(false, 0));
    printf("event with a stack of 5 frames: %.1f ns\n", median(true, 0));
    printf("event with a stack of 25 frames: %.1f ns\n", median(true, 20));
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    return 0;
}
