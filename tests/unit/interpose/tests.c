/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/thread_state.h"
#include "tests/unit/interpose/tests.h"

void
record_all(void)
{
    evprof_contention_set_block_rate(1);
    evprof_contention_set_mutex_fraction(1);
}

void
record_nothing(void)
{
    evprof_contention_set_block_rate(0);
    evprof_contention_set_mutex_fraction(0);
}

typedef struct search {
    uintptr_t function;
    seen_t seen;
} search_t;

static int
add_if_there(void *ctx, const evprof_contention_t *contention)
{
    search_t *search = ctx;
    uintptr_t leaf = contention->stack.pcs[0];
    if (leaf > search->function && leaf < search->function + LEAF_BYTES) {
        search->seen.stacks++;
        search->seen.count += contention->count;
        search->seen.delay_ns += contention->delay_ns;
    }
    return 0;
}

seen_t
seen_at_address(enum evprof_contention_kind kind, uintptr_t function)
{
    search_t search = { .function = function };
    evprof_contention_each(kind, add_if_there, &search);
    return search.seen;
}

int64_t
clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct timespec
soon(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    at.tv_nsec += 2000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

static void *
run_sleeper(void *arg)
{
    sleeper_t *sleeper = arg;
    sleeper->tid = (pid_t)syscall(SYS_gettid);
    return sleeper->body(sleeper->arg);
}

void
sleeper_start(sleeper_t *sleeper, void *(*body)(void *), void *arg)
{
    *sleeper = (sleeper_t){ .body = body, .arg = arg };
    assert_int_equal(
        pthread_create(&sleeper->thread, NULL, run_sleeper, sleeper), 0);
}

void *
sleeper_join(sleeper_t *sleeper)
{
    void *value = NULL;
    assert_int_equal(pthread_join(sleeper->thread, &value), 0);
    return value;
}

void
await_asleep(const sleeper_t *sleeper)
{
    while (sleeper->tid == 0 || thread_state(sleeper->tid) != 'S') {
        sched_yield();
    }
}
