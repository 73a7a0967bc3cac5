/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/unit/interpose/tests.h"

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

LEAF static void *
read_it(void *arg)
{
    int error = pthread_rwlock_rdlock(arg);
    NO_TAIL_CALL();
    return (void *)(intptr_t)(error ? error : pthread_rwlock_unlock(arg));
}

LEAF static void *
write_it(void *arg)
{
    int error = pthread_rwlock_wrlock(arg);
    NO_TAIL_CALL();
    return (void *)(intptr_t)(error ? error : pthread_rwlock_unlock(arg));
}

LEAF static int
give_back(void)
{
    int error = pthread_rwlock_unlock(&rwlock);
    NO_TAIL_CALL();
    return error;
}

static void
test_readers_share(void **state)
{
    (void)state;
    record_all();
    assert_int_equal(pthread_rwlock_rdlock(&rwlock), 0);
    sleeper_t other;
    sleeper_start(&other, read_it, &rwlock);
    assert_null(sleeper_join(&other));
    assert_int_equal(seen_at(EVPROF_CONTENTION_BLOCK, read_it).stacks, 0);
    assert_int_equal(pthread_rwlock_unlock(&rwlock), 0);
}

static void
test_waiting_reader_and_writer_are_seen(void **state)
{
    (void)state;
    record_all();
    sleeper_t reader;
    sleeper_t writer;
    assert_int_equal(pthread_rwlock_wrlock(&rwlock), 0);
    sleeper_start(&reader, read_it, &rwlock);
    sleeper_start(&writer, write_it, &rwlock);
    await_asleep(&reader);
    await_asleep(&writer);
    assert_int_equal(give_back(), 0);
    assert_null(sleeper_join(&reader));
    assert_null(sleeper_join(&writer));
    assert_int_equal(seen_at(EVPROF_CONTENTION_BLOCK, read_it).count, 1);
    assert_int_equal(seen_at(EVPROF_CONTENTION_BLOCK, write_it).count, 1);
    assert_int_equal(seen_at(EVPROF_CONTENTION_MUTEX, give_back).count, 1);
}

static void
test_results_stay(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        round == 0 ? record_nothing() : record_all();
        assert_int_equal(pthread_rwlock_wrlock(&rwlock), 0);
        assert_int_equal(pthread_rwlock_wrlock(&rwlock), EDEADLK);
        assert_int_equal(pthread_rwlock_rdlock(&rwlock), EDEADLK);
        assert_int_equal(pthread_rwlock_unlock(&rwlock), 0);
        assert_int_equal(pthread_rwlock_rdlock(&rwlock), 0);
        struct timespec until = soon(CLOCK_REALTIME);
        assert_int_equal(pthread_rwlock_timedwrlock(&rwlock, &until),
                         ETIMEDOUT);
        assert_int_equal(pthread_rwlock_timedrdlock(&rwlock, &until), 0);
        until = soon(CLOCK_MONOTONIC);
        assert_int_equal(
            pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &until),
            ETIMEDOUT);
        assert_int_equal(
            pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &until), 0);
        for (int held = 0; held < 3; held++) {
            assert_int_equal(pthread_rwlock_unlock(&rwlock), 0);
        }
    }
}

LEAF_END

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_share),
        cmocka_unit_test(test_waiting_reader_and_writer_are_seen),
        cmocka_unit_test(test_results_stay),
    };
    return cmocka_run_group_tests_name("rwlock", tests, NULL, NULL);
}
