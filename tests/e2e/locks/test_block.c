/* SPDX-License-Identifier: Apache-2.0 */
/* Go's TestBlockProfile for C: each primitive that a thread can wait in is in
 * the block profile once, as profile.proto and as text, at its caller. */
#include "tests/e2e/locks/profile.h"

#include <pthread.h>
#include <regex.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/thread_state.h"

static evprof_t *prof;

/* What is waited for; all of it is held when the waiters come. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t of_condition = PTHREAD_MUTEX_INITIALIZER;
static bool is_ready;
static sem_t semaphore;
static pthread_barrier_t barrier;
static pthread_t ending;
static sem_t may_end;

/* Keeps a call from becoming the last act of its caller, whose frame would then
 * be gone. */
#define NO_TAIL_CALL() __asm__ volatile("")

static struct timespec
in_an_hour(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    at.tv_sec += 3600;
    return at;
}

#define WAITER __attribute__((noinline)) static void

WAITER
wait_in_lock(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    NO_TAIL_CALL();
}

WAITER
wait_in_timedlock(void)
{
    struct timespec until = in_an_hour(CLOCK_REALTIME);
    pthread_mutex_timedlock(&mutex, &until);
    pthread_mutex_unlock(&mutex);
    NO_TAIL_CALL();
}

#ifndef __SANITIZE_THREAD__ /* which does not know this call */
WAITER
wait_in_clocklock(void)
{
    struct timespec until = in_an_hour(CLOCK_MONOTONIC);
    pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&mutex);
    NO_TAIL_CALL();
}
#endif

WAITER
wait_in_rdlock(void)
{
    pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
    NO_TAIL_CALL();
}

WAITER
wait_in_wrlock(void)
{
    pthread_rwlock_wrlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
    NO_TAIL_CALL();
}

WAITER
wait_in_timedwrlock(void)
{
    struct timespec until = in_an_hour(CLOCK_REALTIME);
    pthread_rwlock_timedwrlock(&rwlock, &until);
    pthread_rwlock_unlock(&rwlock);
    NO_TAIL_CALL();
}

WAITER
wait_in_cond_wait(void)
{
    pthread_mutex_lock(&of_condition);
    while (!is_ready) {
        pthread_cond_wait(&condition, &of_condition);
    }
    pthread_mutex_unlock(&of_condition);
    NO_TAIL_CALL();
}

WAITER
wait_in_cond_timedwait(void)
{
    struct timespec until = in_an_hour(CLOCK_REALTIME);
    pthread_mutex_lock(&of_condition);
    while (!is_ready) {
        pthread_cond_timedwait(&condition, &of_condition, &until);
    }
    pthread_mutex_unlock(&of_condition);
    NO_TAIL_CALL();
}

WAITER
wait_in_sem_wait(void)
{
    while (sem_wait(&semaphore) != 0) {
    }
    NO_TAIL_CALL();
}

WAITER
wait_in_sem_timedwait(void)
{
    struct timespec until = in_an_hour(CLOCK_REALTIME);
    while (sem_timedwait(&semaphore, &until) != 0) {
    }
    NO_TAIL_CALL();
}

WAITER
wait_in_barrier(void)
{
    pthread_barrier_wait(&barrier);
    NO_TAIL_CALL();
}

WAITER
wait_in_join(void)
{
    pthread_join(ending, NULL);
    NO_TAIL_CALL();
}

__attribute__((always_inline)) static inline void
lock_inlined(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

WAITER
wait_in_inlined(void)
{
    lock_inlined();
    NO_TAIL_CALL();
}

typedef struct waiter {
    void (*wait)(void);
    const char *leaf;   /* the function that calls libc's */
    const char *caller; /* where that one was inlined, or NULL */
    _Atomic pid_t tid;
    pthread_t thread;
} waiter_t;

#define WAITS(function)                                                        \
    {                                                                          \
        .wait = (function), .leaf = #function                                  \
    }

static waiter_t waiters[] = {
    WAITS(wait_in_lock),
    WAITS(wait_in_timedlock),
#ifndef __SANITIZE_THREAD__
    WAITS(wait_in_clocklock),
#endif
    WAITS(wait_in_rdlock),
    WAITS(wait_in_wrlock),
    WAITS(wait_in_timedwrlock),
    WAITS(wait_in_cond_wait),
    WAITS(wait_in_cond_timedwait),
    WAITS(wait_in_sem_wait),
    WAITS(wait_in_sem_timedwait),
    WAITS(wait_in_barrier),
    WAITS(wait_in_join),
    { .wait = wait_in_inlined,
      .leaf = "lock_inlined",
      .caller = "wait_in_inlined" },
};

enum { COUNT = sizeof(waiters) / sizeof(waiters[0]) };

static void *
run_waiter(void *arg)
{
    waiter_t *self = arg;
    self->tid = (pid_t)syscall(SYS_gettid);
    self->wait();
    return NULL;
}

static void *
end_when_told(void *arg)
{
    while (sem_wait(&may_end) != 0) {
    }
    return arg;
}

static void
await_asleep(const waiter_t *waiter)
{
    while (waiter->tid == 0 || thread_state(waiter->tid) != 'S') {
        sched_yield();
    }
}

static int
wait_everywhere(void **state)
{
    (void)state;
    prof = evprof_new(NULL, NULL);
    evprof_set_block_rate(prof, 1);
    sem_init(&semaphore, 0, 0);
    sem_init(&may_end, 0, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_mutex_lock(&mutex);
    pthread_rwlock_wrlock(&rwlock);
    assert_int_equal(pthread_create(&ending, NULL, end_when_told, NULL), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(
            pthread_create(&waiters[i].thread, NULL, run_waiter, &waiters[i]),
            0);
    }
    for (int i = 0; i < COUNT; i++) {
        await_asleep(&waiters[i]);
    }
    pthread_mutex_unlock(&mutex);
    pthread_rwlock_unlock(&rwlock);
    pthread_mutex_lock(&of_condition);
    is_ready = true;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&of_condition);
    sem_post(&semaphore);
    sem_post(&semaphore);
    sem_post(&may_end);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < COUNT; i++) {
        pthread_join(waiters[i].thread, NULL);
    }
    evprof_set_block_rate(prof, 0);
    return 0;
}

static int
close_profiler(void **state)
{
    (void)state;
    evprof_free(prof);
    return 0;
}

static void
test_each_is_there_once(void **state)
{
    (void)state;
    evprof_pprof_t *p = take_profile(prof, "block");
    for (int i = 0; i < COUNT; i++) {
        const waiter_t *waiter = &waiters[i];
        int64_t count = sum_of(p, waiter->leaf, 0);
        /* Who waits for a condition may have waited for its mutex before. */
        if (count < 1 || count > 2) {
            fail_msg("%s: %d waits", waiter->leaf, (int)count);
        }
        assert_true(sum_of(p, waiter->leaf, 1) > 0);
        assert_no_frame_of_ours(p, waiter->leaf);
    }
    evprof_pprof_free(p);
}

/* Go's TestBlockMutexProfileInlineExpansion. */
static void
test_inlined_callers_are_shown(void **state)
{
    (void)state;
    evprof_pprof_t *p = take_profile(prof, "block");
    int found = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        if (sample_leaf_is(p, sample, "lock_inlined")) {
            const evprof_location_t *leaf = &p->locations[sample->locations[0]];
            assert_int_equal(leaf->line_count, 2);
            assert_string_equal(p->functions[leaf->lines[0].function].name,
                                "lock_inlined");
            assert_string_equal(p->functions[leaf->lines[1].function].name,
                                "wait_in_inlined");
            found++;
        }
    }
    assert_int_equal(found, 1);
    evprof_pprof_free(p);
}

static void
test_text_of_each(void **state)
{
    (void)state;
    evprof_buf_t text = take_text(prof, "block", 1);
    for (int i = 0; i < COUNT; i++) {
        char pattern[512];
        char caller[128] = "";
        regex_t regex;
        if (waiters[i].caller != NULL) {
            snprintf(caller, sizeof(caller),
                     "#\t+0x[0-9a-f]+\t+%s\\+0x[0-9a-f]+\t+"
                     "[^\n]*/test_block\\.c:[0-9]+\n",
                     waiters[i].caller);
        }
        snprintf(pattern, sizeof(pattern),
                 "\n[0-9]+ [12] @( 0x[0-9a-f]+)+\n"
                 "#\t+0x[0-9a-f]+\t+%s\\+0x[0-9a-f]+\t+"
                 "[^\n]*/test_block\\.c:[0-9]+\n%s",
                 waiters[i].leaf, caller);
        assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
        if (regexec(&regex, text.data, 0, NULL, 0) != 0) {
            fail_msg("%s is not as it should be in:\n%s", waiters[i].leaf,
                     text.data);
        }
        regfree(&regex);
    }
    assert_null(strstr(text.data, "#\t0x0"));
    evprof_buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_there_once),
        cmocka_unit_test(test_inlined_callers_are_shown),
        cmocka_unit_test(test_text_of_each),
    };
    return cmocka_run_group_tests_name("block", tests, wait_everywhere,
                                       close_profiler);
}
