/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unreadable keep|drop [ask]: three threads that sleep and one that runs, in a
 * dump and in a wall profile; prints how many have a stack and why the others
 * have none. `drop` gives up root first, as daemons do.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/profile/builder.h"
#include "core/sample/dump.h"
#include "core/sample/thread_info.h"
#include "core/sample/threads.h"
#include "core/sample/wall.h"

enum { SLEEPERS = 3, NOBODY = 65534 };

static pid_t tids[SLEEPERS];
static _Atomic int asleep;
static _Atomic pid_t runner;
static _Atomic int early;

static void *
sleep_here(void *arg)
{
    *(pid_t *)arg = (pid_t)syscall(SYS_gettid);
    atomic_fetch_add(&asleep, 1);
    for (;;) {
        early += poll(NULL, 0, -1) < 0;
    }
    return NULL;
}

static void *
run_here(void *unused)
{
    atomic_store(&runner, (pid_t)syscall(SYS_gettid));
    for (volatile unsigned i = 0;; i++) {
    }
    return unused;
}

/* Until all sleepers sleep, by the clock, which needs nothing of /proc. */
static void
await_quiet(void)
{
    for (int i = 0; i < SLEEPERS; i++) {
        int64_t before = -1;
        int64_t now = 0;
        while (before != now) {
            before = now;
            usleep(5000);
            now = evprof_thread_cpu_ns(tids[i]);
        }
    }
}

static void
start(void)
{
    pthread_t thread;
    for (int i = 0; i < SLEEPERS; i++) {
        pthread_create(&thread, NULL, sleep_here, &tids[i]);
    }
    pthread_create(&thread, NULL, run_here, NULL);
    while (atomic_load(&asleep) < SLEEPERS || atomic_load(&runner) == 0) {
        sched_yield();
    }
    await_quiet();
}

static bool
is_sleeper(pid_t tid)
{
    return tid == tids[0] || tid == tids[1] || tid == tids[2];
}

static void
print_dump(bool asks)
{
    evprof_dump_t dump;
    evprof_dump_stats_t stats;
    evprof_error_t err;
    int with_stack = 0;
    int without = 0;
    bool runner_has_stack = false;
    const char *reason = "-";
    if (evprof_dump_take(&dump, asks, &err) != 0) {
        printf("dump: %s\n", err.message);
        return;
    }
    for (size_t i = 0; i < dump.count; i++) {
        const evprof_dump_thread_t *thread = &dump.threads[i];
        bool has_stack = thread->stack.count >= 3;
        with_stack += is_sleeper(thread->tid) && has_stack;
        without += is_sleeper(thread->tid) && !has_stack;
        runner_has_stack |= thread->tid == runner && has_stack;
        if (is_sleeper(thread->tid) && thread->reason != NULL) {
            reason = thread->reason;
        }
    }
    evprof_dump_stats(&stats);
    printf("dump: %d with a stack, %d without (%s); runner %s; %s sleepers "
           "were sent a signal\n",
           with_stack, without, reason, runner_has_stack ? "has one" : "none",
           stats.interrupted > 0 ? "some" : "no");
    evprof_dump_free(&dump);
}

static void
print_wall(bool asks)
{
    const evprof_sampling_options_t options = {
        .rate_hz = 200,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = 128,
        .asks_sleepers = asks,
    };
    evprof_wall_stats_t stats = { 0 };
    evprof_sample_window_t *window = NULL;
    evprof_error_t err;
    if (evprof_wall_begin(&options, &window, &err) != 0) {
        printf("wall: %s\n", err.message);
        return;
    }
    for (int i = 0; i < 1000 && (stats.looks < 300 || stats.asked < 1); i++) {
        usleep(5000);
        evprof_wall_stats(&stats);
    }
    (void)evprof_wall_end(window, NULL, NULL);
    evprof_wall_stats(&stats);
    printf("wall: %s walked, %s time without a stack, %s sent a signal\n",
           stats.walked > 0 ? "some" : "none",
           stats.unreadable_ns > 0 ? "some" : "no",
           stats.interrupted > 0 ? "some" : "none");
}

int
main(int argc, char **argv)
{
    bool asks = argc > 2 && strcmp(argv[2], "ask") == 0;
    if (argc > 1 && strcmp(argv[1], "drop") == 0 &&
        (setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
         setresuid(NOBODY, NOBODY, NOBODY) != 0)) {
        return 1;
    }
    start();
    print_dump(asks);
    await_quiet(); /* who was asked is back asleep */
    print_wall(asks);
    printf("calls: %s returned early\n", early > 0 ? "some" : "none");
    fflush(stdout);
    _exit(0);
}
