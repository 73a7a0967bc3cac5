/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"
#include "core/base/lock.h"

#include <errno.h>
#include <pthread.h>

#include "core/base/clock.h"
#include "tests/unit/base/tests.h"

static void
test_who_has_it(void **state)
{
    (void)state;
    evprof_lock_t lock = { 0 };
    assert_true(evprof_lock_is_free(&lock));
    evprof_lock_enter(&lock);
    assert_false(evprof_lock_is_free(&lock));
    assert_false(evprof_lock_try(&lock));
    evprof_lock_leave(&lock);
    assert_true(evprof_lock_try(&lock));
    evprof_lock_reset(&lock);
    assert_true(evprof_lock_is_free(&lock));
}

enum { THREADS = 4, ROUNDS = 20000 };

static evprof_lock_t guard;
static long sum; /* under the guard */

static void *
add_up(void *arg)
{
    errno = 4711;
    for (int i = 0; i < ROUNDS; i++) {
        evprof_lock_enter(&guard);
        sum++;
        evprof_lock_leave(&guard);
    }
    return errno == 4711 ? NULL : arg;
}

static void
test_one_at_a_time_and_errno_stays(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_up, &sum), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(sum, (long)THREADS * ROUNDS);
}

static evprof_lock_t orphan;

static bool
free_the_orphan(void)
{
    evprof_lock_reset(&orphan);
    return true;
}

static void
test_whoever_would_wait_may_mend(void **state)
{
    (void)state;
    evprof_lock_enter(&orphan);
    evprof_lock_on_wait(free_the_orphan);
    evprof_lock_enter(&orphan);
    evprof_lock_on_wait(NULL);
    evprof_lock_leave(&orphan);
    assert_true(evprof_lock_is_free(&orphan));
}

static void
test_a_wait_ends_in_time_or_when_woken(void **state)
{
    (void)state;
    _Atomic uint32_t word = 7;
    errno = 4711;
    evprof_futex_wait(&word, 6, 0); /* it is not 6: no wait */
    evprof_futex_wait(&word, 7, 1); /* a moment that is long past */
    evprof_futex_wake(&word);
    assert_int_equal(errno, 4711);
}

/* A change is told from a time that is over, also one that was before. */
static void
test_a_word_is_awaited(void **state)
{
    (void)state;
    _Atomic uint32_t word = 1;
    int64_t soon_ns = evprof_clock_ns(CLOCK_MONOTONIC) + 1000000;
    assert_true(evprof_futex_await(&word, 0, 0));
    assert_true(evprof_futex_await(&word, 0, 1));
    assert_false(evprof_futex_await(&word, 1, 1));
    assert_false(evprof_futex_await(&word, 1, soon_ns));
    assert_true(evprof_clock_ns(CLOCK_MONOTONIC) >= soon_ns);
}

int
run_lock_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_word_is_awaited),
        cmocka_unit_test(test_who_has_it),
        cmocka_unit_test(test_one_at_a_time_and_errno_stays),
        cmocka_unit_test(test_whoever_would_wait_may_mend),
        cmocka_unit_test(test_a_wait_ends_in_time_or_when_woken),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
