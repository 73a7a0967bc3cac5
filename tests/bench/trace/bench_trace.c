/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_trace
 * Nanoseconds of an event of the execution trace: without and with a stack, and
 * of the calls of <evprof/trace.h> while nothing is recorded. Events come in
 * bursts that a ring holds; between them the collector is waited for, which is
 * not timed. Printed are medians over the bursts, with their budgets; and what
 * a switch of threads costs when the kernel tells of it.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <evprof/trace.h>

#include "core/trace/recorder.h"
#include "core/trace/ring.h"
#include "core/trace/switches.h"
#include "core/unwind/unwind.h"

#define BURSTS 200
#define BURST 200
/* Bursts with stacks stay within the budget of stacks. */
#define PAUSE_NS 20000000L
#define OFF_CALLS 10000000
#define ROUND_TRIPS 50000

static _Atomic pid_t echo_tid;

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

/* Gives back each byte that it gets. */
static void *
echo(void *arg)
{
    const int *ends = arg;
    char byte;
    atomic_store(&echo_tid, (pid_t)syscall(SYS_gettid));
    while (read(ends[0], &byte, 1) == 1 && write(ends[3], &byte, 1) == 1) {
    }
    return NULL;
}

static double
switch_us(const int *ends)
{
    char byte = 0;
    int64_t start = now_ns();
    for (int i = 0; i < ROUND_TRIPS; i++) {
        if (write(ends[1], &byte, 1) != 1 || read(ends[2], &byte, 1) != 1) {
            exit(1);
        }
    }
    return (double)(now_ns() - start) / ROUND_TRIPS / 2e3;
}

/* From one thread to the other on one processor, which is a switch, while the
 * kernel tells of those of both, and while it does not. */
static void
bench_switches(void)
{
    int ends[4];
    cpu_set_t one;
    pthread_t thread;
    evprof_trace_switches_t of[2] = { { .is_tried = false } };
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0 || pipe(ends) != 0 ||
        pipe(ends + 2) != 0 || pthread_create(&thread, NULL, echo, ends) != 0) {
        exit(1);
    }
    double without_us = switch_us(ends);
    if (evprof_trace_switches_open(&of[0], getpid()) != 0 ||
        evprof_trace_switches_open(&of[1], atomic_load(&echo_tid)) != 0) {
        printf("switch of a thread: the kernel may not be asked\n");
        return;
    }
    printf("switch of a thread: %.2f us, told by the kernel %.2f us\n",
           without_us, switch_us(ends));
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
    bench_switches();
    return 0;
}
