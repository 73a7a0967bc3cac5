/* SPDX-License-Identifier: Apache-2.0 */
/* What a sample, a registered thread and the arming of many cost. */
#include <execinfo.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sample/ask.h"
#include "core/sample/sig_handler.h"
#include "tests/bench/sample/bench_sample.h"

enum {
    CHAIN = 18, /* with those above and below: 25 frames */
    MORE = 60,
    SIGNALS = 20000,
    THREADS = 5000,
    ROUND = 64, /* signals between which the drainer catches up */
};

static uint64_t handler_ns[SIGNALS];
static uint64_t trip_ns[SIGNALS];
static size_t signals;

static int
compare(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void
print_quantiles(const char *what, uint64_t *values)
{
    qsort(values, SIGNALS, sizeof(*values), compare);
    printf("  %-44s p50 %6.2f us  p99 %6.2f us\n", what,
           (double)values[SIGNALS / 2] / 1e3,
           (double)values[SIGNALS / 100 * 99] / 1e3);
}

/* ---- One sample ---- */

static void
time_ours(int signum, siginfo_t *info, void *context)
{
    const uint64_t began = bench_clock(CLOCK_MONOTONIC);
    evprof_sig_handler(signum, info, context);
    handler_ns[signals] = bench_clock(CLOCK_MONOTONIC) - began;
}

static void
time_nothing(int signum, siginfo_t *info, void *context)
{
    (void)signum;
    (void)info;
    (void)context;
    handler_ns[signals] = 0;
}

static void
time_backtrace(int signum, siginfo_t *info, void *context)
{
    void *pcs[128];
    (void)signum;
    (void)info;
    (void)context;
    const uint64_t began = bench_clock(CLOCK_MONOTONIC);
    (void)backtrace(pcs, 128);
    handler_ns[signals] = bench_clock(CLOCK_MONOTONIC) - began;
}

/* What the kernel sends when this thread's timer has expired once. */
static void
send_expiry(evprof_thread_t *self, uint32_t generation)
{
    siginfo_t info = { .si_signo = SIGPROF, .si_code = SI_TIMER };
    const uintptr_t token = evprof_sig_token(EVPROF_TAP_CPU, self, generation);
    memcpy(&info.si_value, &token, sizeof(token));
    (void)syscall(SYS_rt_tgsigqueueinfo, getpid(), atomic_load(&self->tid),
                  SIGPROF, &info);
}

/* Signals itself from the bottom of `depth` more frames, as a timer would or as
 * somebody who asks for its stack. */
static __attribute__((noinline)) int
descend(int depth, enum evprof_tap_kind kind)
{
    if (depth > 0) {
        int below = descend(depth - 1, kind);
        __asm__ volatile("" : "+r"(below)); /* or it becomes a loop */
        return below + 1;
    }
    evprof_thread_t *self = evprof_thread_self();
    const uint32_t generation = atomic_load(&self->generation);
    for (signals = 0; signals < SIGNALS; signals++) {
        if (signals % ROUND == 0) {
            evprof_tap_flush();
        }
        atomic_store(&self->cpu.rest_until, 0);
        const uint64_t began = bench_clock(CLOCK_MONOTONIC);
        if (kind == EVPROF_TAP_CPU) {
            send_expiry(self, generation);
        } else {
            (void)evprof_ask_sleeper(kind, self, generation);
        }
        trip_ns[signals] = bench_clock(CLOCK_MONOTONIC) - began;
    }
    return 0;
}

static double
run_handler(const char *name, void (*handler)(int, siginfo_t *, void *),
            enum evprof_tap_kind kind, int depth)
{
    char what[64];
    struct sigaction before;
    struct sigaction timed = { .sa_flags = SA_SIGINFO | SA_RESTART };
    timed.sa_sigaction = handler;
    sigfillset(&timed.sa_mask);
    sigaction(SIGPROF, &timed, &before);
    (void)descend(depth, kind);
    sigaction(SIGPROF, &before, NULL);
    if (handler != time_nothing) {
        snprintf(what, sizeof(what), "%s: handler", name);
        print_quantiles(what, handler_ns);
    }
    snprintf(what, sizeof(what), "%s: signal and handler", name);
    print_quantiles(what, trip_ns);
    return (double)handler_ns[SIGNALS / 2];
}

static uint64_t frames_seen;

static void
count_frames(void *ctx, const evprof_record_t *record)
{
    (void)ctx;
    frames_seen += record->count;
}

static void
run_unwinder(const char *name, const char *unwinder, enum evprof_tap_kind kind)
{
    const evprof_tap_t tap = { .unwinder = evprof_unwinder_find(unwinder),
                               .depth = 128,
                               .uses_signals = true,
                               .sink = count_frames };
    evprof_tap_stats_t stats;
    if (!tap.unwinder || evprof_tap_open(kind, &tap, NULL) != EVPROF_OK) {
        printf("  %s: not there\n", name);
        return;
    }
    frames_seen = 0;
    const double few = run_handler(name, time_ours, kind, CHAIN);
    evprof_tap_flush();
    evprof_tap_stats(kind, &stats);
    printf("  %s: %.1f frames a stack, %llu of %d dropped\n", name,
           stats.records ? (double)frames_seen / (double)stats.records : 0,
           (unsigned long long)stats.dropped, SIGNALS);
    const double many = run_handler(name, time_ours, kind, CHAIN + MORE);
    printf("  %s: %.2f ns for each of %d more frames\n", name,
           (many - few) / MORE, MORE);
    evprof_tap_close(kind);
}

void
bench_handler(void)
{
    void *pcs[4];
    (void)backtrace(pcs, 4); /* loads libgcc */
    /* No profile has a timer of this thread; the first has the number 0. */
    evprof_thread_t *self = evprof_thread_self();
    atomic_store(&self->cpu.timer, 1);
    run_unwinder("fp", "fp", EVPROF_TAP_CPU);
    run_unwinder("tables", "tables", EVPROF_TAP_CPU);
    atomic_store(&self->cpu.timer, 0);
    run_unwinder("tables, asked", "tables", EVPROF_TAP_WALL);
    run_handler("peer: empty handler", time_nothing, EVPROF_TAP_CPU, CHAIN);
    run_handler("peer: glibc backtrace()", time_backtrace, EVPROF_TAP_CPU,
                CHAIN);
}

/* ---- Many threads ---- */

static evprof_lock_t gate;
static _Atomic int waiting;
static pthread_t threads[THREADS];

static void *
wait_at_gate(void *unused)
{
    atomic_fetch_add(&waiting, 1);
    evprof_lock_enter(&gate);
    evprof_lock_leave(&gate);
    return unused;
}

static int
create_threads(void)
{
    pthread_attr_t attr;
    int count = 0;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, (size_t)PTHREAD_STACK_MIN + 65536);
    evprof_lock_enter(&gate);
    while (count < THREADS &&
           pthread_create(&threads[count], &attr, wait_at_gate, NULL) == 0) {
        count++;
    }
    while (atomic_load(&waiting) < count) {
        usleep(1000);
    }
    pthread_attr_destroy(&attr);
    return count;
}

static void
join_threads(int count)
{
    evprof_lock_leave(&gate);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    atomic_store(&waiting, 0);
}

static double
resident_bytes(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm) {
        if (fscanf(statm, "%*s %ld", &pages) != 1) {
            pages = 0;
        }
        fclose(statm);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void
bench_memory(void)
{
    const int count = create_threads();
    const double before = resident_bytes();
    bench_begin(100, "fp");
    const double during = resident_bytes();
    evprof_pprof_free(bench_end());
    printf("  %d threads: %zu bytes a record; a profile of all of them adds "
           "%.0f bytes a thread (rings, tables, objects included)\n",
           count, sizeof(evprof_thread_t), (during - before) / count);
    join_threads(count);
}

/* The same timers without anything of ours around them. */
static double
arm_bare(int count)
{
    int *ids = calloc((size_t)count, sizeof(*ids));
    const uint64_t began = bench_clock(CLOCK_MONOTONIC);
    const uint32_t limit = evprof_thread_limit();
    int made = 0;
    for (uint32_t i = 0; ids && i < limit && made < count; i++) {
        const int tid = atomic_load(&evprof_thread_at(i)->tid);
        struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
                                  .sigev_signo = SIGPROF };
        const struct itimerspec spec = { .it_value = { .tv_sec = 3600 },
                                         .it_interval = { .tv_sec = 3600 } };
        event._sigev_un._tid = tid;
        const clockid_t clock = (clockid_t)(~(unsigned)tid << 3 | 6u);
        if (tid != 0 &&
            syscall(SYS_timer_create, clock, &event, &ids[made]) == 0) {
            syscall(SYS_timer_settime, ids[made], 0, &spec, NULL);
            made++;
        }
    }
    const uint64_t ended = bench_clock(CLOCK_MONOTONIC);
    while (made > 0) {
        syscall(SYS_timer_delete, ids[--made]);
    }
    free(ids);
    return (double)(ended - began) / 1e6;
}

void
bench_arm(void)
{
    const int count = create_threads();
    for (int round = 0; round < 3; round++) {
        const uint64_t began = bench_clock(CLOCK_MONOTONIC);
        bench_begin(100, "fp");
        const uint64_t begun = bench_clock(CLOCK_MONOTONIC);
        evprof_cpu_stats_t stats;
        evprof_cpu_stats(&stats);
        const uint64_t ending = bench_clock(CLOCK_MONOTONIC);
        evprof_pprof_free(bench_end());
        const uint64_t ended = bench_clock(CLOCK_MONOTONIC);
        printf("  %d threads: begin %.1f ms (%llu armed, %llu missed), end "
               "%.1f ms; peer: bare timer_create and settime %.1f ms\n",
               count, (double)(begun - began) / 1e6,
               (unsigned long long)stats.timers.armed,
               (unsigned long long)stats.timers.missed,
               (double)(ended - ending) / 1e6, arm_bare(count));
    }
    join_threads(count);
}
