/* SPDX-License-Identifier: Apache-2.0 */
/* Dumps of all threads and wall profiles, on threads that sleep. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/profile/builder.h"
#include "core/sample/blocked.h"
#include "core/sample/dump.h"
#include "core/sample/thread_info.h"
#include "core/sample/wall.h"
#include "tests/bench/locks/bench_locks.h"

enum { SLEEPERS_MAX = 2000, STACK_BYTES = 65536, ROUNDS = 5 };

typedef struct sleeper {
    pthread_t thread;
    _Atomic pid_t tid;
    _Atomic int wakes; /* how often its call came back */
} sleeper_t;

static sleeper_t sleepers[SLEEPERS_MAX];
static atomic_bool is_over;

static void *
sleep_here(void *arg)
{
    sleeper_t *self = arg;
    self->tid = (pid_t)syscall(SYS_gettid);
    while (!atomic_load(&is_over)) {
        poll(NULL, 0, -1);
        atomic_fetch_add(&self->wakes, 1);
    }
    return NULL;
}

static void
ignore(int sig)
{
    (void)sig;
}

static void
start_sleepers(int count)
{
    pthread_attr_t attr;
    struct sigaction action = { .sa_handler = ignore };
    sigaction(SIGUSR1, &action, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    atomic_store(&is_over, false);
    for (int i = 0; i < count; i++) {
        sleepers[i] = (sleeper_t){ 0 };
        if (pthread_create(&sleepers[i].thread, &attr, sleep_here,
                           &sleepers[i]) != 0) {
            perror("pthread_create");
            exit(1);
        }
    }
    pthread_attr_destroy(&attr);
    for (int i = 0; i < count; i++) {
        evprof_thread_info_t task;
        while (sleepers[i].tid == 0 ||
               evprof_thread_read_status(sleepers[i].tid, &task) != 0 ||
               task.state != 'S') {
            sched_yield();
        }
    }
}

static void
stop_sleepers(int count)
{
    atomic_store(&is_over, true);
    for (int i = 0; i < count; i++) {
        pthread_kill(sleepers[i].thread, SIGUSR1);
    }
    for (int i = 0; i < count; i++) {
        while (pthread_tryjoin_np(sleepers[i].thread, NULL) != 0) {
            pthread_kill(sleepers[i].thread, SIGUSR1);
            sched_yield();
        }
    }
}

static double
dump_ms(void)
{
    evprof_dump_t dump;
    int64_t start_ns = bench_clock(CLOCK_MONOTONIC);
    if (evprof_dump_take(&dump, false, NULL) != 0) {
        exit(1);
    }
    evprof_dump_free(&dump);
    return (double)(bench_clock(CLOCK_MONOTONIC) - start_ns) / 1e6;
}

static void
bench_dump_of(int count, double budget_ms)
{
    double fresh[ROUNDS];
    double cpu[ROUNDS];
    double again[ROUNDS];
    double longest_us = 0;
    for (int round = 0; round < ROUNDS; round++) {
        static int64_t cpu_ns[SLEEPERS_MAX];
        start_sleepers(count);
        for (int i = 0; i < count; i++) {
            cpu_ns[i] = evprof_thread_cpu_ns(sleepers[i].tid);
        }
        int64_t start_ns = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
        fresh[round] = dump_ms();
        cpu[round] =
            (double)(bench_clock(CLOCK_PROCESS_CPUTIME_ID) - start_ns) / 1e6;
        for (int i = 0; i < count; i++) {
            double us =
                (double)(evprof_thread_cpu_ns(sleepers[i].tid) - cpu_ns[i]) /
                1e3;
            longest_us = us > longest_us ? us : longest_us;
        }
        again[round] = dump_ms();
        stop_sleepers(count);
    }
    printf("dump: %d sleeping threads: %.1f ms (budget %.0f), %.1f ms of CPU "
           "time in all threads, again %.1f ms "
           "without a signal; longest stop of a thread %.0f us of its CPU "
           "time (budget 1,000)\n",
           count, bench_median(fresh, ROUNDS), budget_ms,
           bench_median(cpu, ROUNDS), bench_median(again, ROUNDS), longest_us);
}

void
bench_dump(void)
{
    bench_dump_of(500, 50);
    bench_dump_of(2000, 1000);
}

/* Milliseconds to find who is stuck among so many sleepers. */
static double
stuck_ms(int count)
{
    evprof_dump_t dump;
    evprof_blocked_t *waits = NULL;
    size_t found;
    double ms[ROUNDS];
    start_sleepers(count);
    if (evprof_dump_take(&dump, false, NULL) != 0) {
        exit(1);
    }
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start_ns = bench_clock(CLOCK_THREAD_CPUTIME_ID);
        if (evprof_blocked_find(&dump, 1, &waits, &found) != 0) {
            exit(1);
        }
        ms[round] =
            (double)(bench_clock(CLOCK_THREAD_CPUTIME_ID) - start_ns) / 1e6;
        free(waits);
    }
    evprof_dump_free(&dump);
    stop_sleepers(count);
    return bench_median(ms, ROUNDS);
}

void
bench_stuck(void)
{
    double few_ms = stuck_ms(500);
    printf("stuck: who waits for whom: %.1f ms of CPU time for 500 threads, "
           "%.1f for 2,000\n",
           few_ms, stuck_ms(2000));
}

void
bench_wall(void)
{
    enum { COUNT = 200, SECONDS = 10 };
    const evprof_sampling_options_t options = {
        .rate_hz = 100, .unwinder = evprof_unwinder_find("auto"), .depth = 128
    };
    start_sleepers(COUNT);
    int64_t cpu_ns = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
    evprof_sample_window_t *window = NULL;
    if (evprof_wall_begin(&options, &window, NULL) != 0) {
        exit(1);
    }
    /* This thread is watched too, and its sleep interrupted. */
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SECONDS;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
    evprof_builder_t *builder = evprof_builder_new(0);
    if (builder == NULL || evprof_wall_end(window, builder, NULL) != 0) {
        exit(1);
    }
    cpu_ns = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    evprof_pprof_t *p = NULL;
    if (evprof_builder_finish(builder, &p, NULL) != 0) {
        exit(1);
    }
    double given_ns = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        given_ns += (double)p->samples[i].values[1];
    }
    int most = 0;
    for (int i = 0; i < COUNT; i++) {
        most = sleepers[i].wakes > most ? sleepers[i].wakes : most;
    }
    printf("wall: 10 s at 100 Hz, 200 sleeping threads: %.2f %% of a core, "
           "beginning and end included (budget 1), "
           "a sleeper interrupted at most %d times (budget 1), %.3f of the "
           "threads' time accounted for\n",
           (double)cpu_ns / (SECONDS * 1e7), most,
           given_ns / ((COUNT + 1) * (double)p->duration_ns));
    evprof_pprof_free(p);
    evprof_builder_free(builder);
    stop_sleepers(COUNT);
}
