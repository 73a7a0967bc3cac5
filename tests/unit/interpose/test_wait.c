/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphores, joins and barriers: what is waited for and never unlocked. */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/unit/interpose/tests.h"

static sem_t semaphore;

LEAF static void *
take(void *arg)
{
    errno = 4711;
    int status = sem_wait(arg);
    NO_TAIL_CALL();
    return (void *)(intptr_t)(status == 0 ? errno : -errno);
}

LEAF static int
take_soon(void)
{
    struct timespec until = soon(CLOCK_REALTIME);
    int status = sem_timedwait(&semaphore, &until);
    NO_TAIL_CALL();
    return status;
}

static void
test_semaphores_keep_their_results(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        way == 0 ? record_nothing() : record_all();
        sem_init(&semaphore, 0, 1);
        assert_int_equal((intptr_t)take(&semaphore), 4711);
        assert_int_equal(take_soon(), -1);
        assert_int_equal(errno, ETIMEDOUT);
        struct timespec until = soon(CLOCK_MONOTONIC);
        assert_int_equal(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until),
                         -1);
        assert_int_equal(errno, ETIMEDOUT);
        sleeper_t waiter;
        sleeper_start(&waiter, take, &semaphore);
        await_asleep(&waiter);
        sem_post(&semaphore);
        assert_int_equal((intptr_t)sleeper_join(&waiter), 4711);
    }
    assert_int_equal(seen_at(EVPROF_CONTENTION_BLOCK, take).count, 1);
    assert_int_equal(seen_at(EVPROF_CONTENTION_BLOCK, take_soon).count, 1);
}

static void
interrupt(int sig)
{
    (void)sig;
}

static void
test_a_signal_still_interrupts(void **state)
{
    (void)state;
    struct sigaction action = { .sa_handler = interrupt };
    struct sigaction old;
    sigaction(SIGUSR1, &action, &old);
    for (int way = 0; way < 2; way++) {
        way == 0 ? record_nothing() : record_all();
        sem_init(&semaphore, 0, 0);
        sleeper_t waiter;
        sleeper_start(&waiter, take, &semaphore);
        await_asleep(&waiter);
        pthread_kill(waiter.thread, SIGUSR1);
        assert_int_equal((intptr_t)sleeper_join(&waiter), -EINTR);
    }
    sigaction(SIGUSR1, &old, NULL);
}

static atomic_bool may_go;

static void *
take_when_cancelled(void *arg)
{
    while (!atomic_load(&may_go)) {
        sched_yield();
    }
    sem_wait(arg);
    return NULL;
}

/* A cancellation that is pending acts even where nothing has to be waited. */
static void
test_a_free_semaphore_is_a_cancellation_point(void **state)
{
    (void)state;
    SKIP_WITH_ASAN();
    for (int way = 0; way < 2; way++) {
        way == 0 ? record_nothing() : record_all();
        atomic_store(&may_go, false);
        sem_init(&semaphore, 0, 1);
        sleeper_t waiter;
        sleeper_start(&waiter, take_when_cancelled, &semaphore);
        pthread_cancel(waiter.thread);
        atomic_store(&may_go, true);
        assert_ptr_equal(sleeper_join(&waiter), PTHREAD_CANCELED);
        assert_int_equal(sem_trywait(&semaphore), 0);
    }
}

static void *
end_when_posted(void *arg)
{
    while (sem_wait(arg) != 0) {
    }
    return arg;
}

LEAF static void *
join_it(void *arg)
{
    void *value = NULL;
    int error = pthread_join(*(pthread_t *)arg, &value);
    NO_TAIL_CALL();
    return error == 0 ? value : NULL;
}

static struct timespec
in_a_minute(clockid_t clock)
{
    struct timespec until;
    clock_gettime(clock, &until);
    until.tv_sec += 60;
    return until;
}

LEAF static void *
join_it_timed(void *arg)
{
    void *value = NULL;
    struct timespec until = in_a_minute(CLOCK_REALTIME);
    int error = pthread_timedjoin_np(*(pthread_t *)arg, &value, &until);
    NO_TAIL_CALL();
    return error == 0 ? value : NULL;
}

LEAF static void *
join_it_clocked(void *arg)
{
    void *value = NULL;
    struct timespec until = in_a_minute(CLOCK_MONOTONIC);
    int error = pthread_clockjoin_np(*(pthread_t *)arg, &value, CLOCK_MONOTONIC,
                                     &until);
    NO_TAIL_CALL();
    return error == 0 ? value : NULL;
}

/* How many waits are seen of a thread that joins another one so. */
static int64_t
count_join(void *(*body)(void *))
{
    sleeper_t ending;
    sleeper_t joiner;
    record_all();
    sem_init(&semaphore, 0, 0);
    sleeper_start(&ending, end_when_posted, &semaphore);
    await_asleep(&ending);
    sleeper_start(&joiner, body, &ending.thread);
    await_asleep(&joiner);
    sem_post(&semaphore);
    assert_ptr_equal(sleeper_join(&joiner), &semaphore);
    return seen_at(EVPROF_CONTENTION_BLOCK, body).count;
}

static void
test_joins_are_seen_when_they_wait(void **state)
{
    (void)state;
    SKIP_WITH_TSAN();
    static void *(*const bodies[])(void *) = { join_it, join_it_timed,
                                               join_it_clocked };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(count_join(bodies[i]), 1);
    }
    assert_int_equal(pthread_join(pthread_self(), NULL), EDEADLK);
}

static void *
cancelled_joiner(void *arg)
{
    return join_it(arg);
}

static void
test_a_join_can_be_cancelled(void **state)
{
    (void)state;
    SKIP_WITH_ASAN();
    SKIP_WITH_TSAN();
    record_all();
    sem_init(&semaphore, 0, 0);
    sleeper_t ending;
    sleeper_t joiner;
    sleeper_start(&ending, end_when_posted, &semaphore);
    sleeper_start(&joiner, cancelled_joiner, &ending.thread);
    await_asleep(&joiner);
    pthread_cancel(joiner.thread);
    assert_ptr_equal(sleeper_join(&joiner), PTHREAD_CANCELED);
    sem_post(&semaphore);
    assert_ptr_equal(sleeper_join(&ending), &semaphore);
}

static pthread_barrier_t barrier;

LEAF static void *
meet(void *arg)
{
    (void)arg;
    int result = pthread_barrier_wait(&barrier);
    NO_TAIL_CALL();
    return (void *)(intptr_t)result;
}

static void
test_the_last_at_a_barrier_does_not_wait(void **state)
{
    (void)state;
    record_all();
    sleeper_t early[2];
    pthread_barrier_init(&barrier, NULL, 3);
    for (int i = 0; i < 2; i++) {
        sleeper_start(&early[i], meet, NULL);
        await_asleep(&early[i]);
    }
    assert_int_equal((intptr_t)meet(NULL), PTHREAD_BARRIER_SERIAL_THREAD);
    for (int i = 0; i < 2; i++) {
        assert_null(sleeper_join(&early[i]));
    }
    pthread_barrier_destroy(&barrier);
    assert_int_equal(seen_at(EVPROF_CONTENTION_BLOCK, meet).count, 2);
}

LEAF_END

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_semaphores_keep_their_results),
        cmocka_unit_test(test_a_signal_still_interrupts),
        cmocka_unit_test(test_a_free_semaphore_is_a_cancellation_point),
        cmocka_unit_test(test_joins_are_seen_when_they_wait),
        cmocka_unit_test(test_a_join_can_be_cancelled),
        cmocka_unit_test(test_the_last_at_a_barrier_does_not_wait),
    };
    return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
