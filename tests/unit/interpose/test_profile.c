/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded: whose delay, at whose stack, with which labels. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <evprof/evprof.h>

#include "core/sample/waiters.h"
#include "tests/unit/interpose/tests.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

LEAF static void *
wait_for_mutex(void *arg)
{
    EVPROF_LABEL("tenant", "t1");
    pthread_mutex_lock(arg);
    NO_TAIL_CALL();
    pthread_mutex_unlock(arg);
    return NULL;
}

LEAF static void
give_back(void)
{
    pthread_mutex_unlock(&mutex);
    NO_TAIL_CALL();
}

enum { WAITERS = 20, HELD_NS = 20000000 };

/* Go's TestMutexProfile, without a tolerance: all of N threads wait from before
 * `queued` until after `unlocked`, and none of them outside [start, end]. */
static void
test_all_delay_is_at_the_unlocker(void **state)
{
    (void)state;
    sleeper_t waiters[WAITERS];
    record_all();
    int64_t start_ns = clock_ns();
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < WAITERS; i++) {
        sleeper_start(&waiters[i], wait_for_mutex, &mutex);
    }
    while (atomic_load(&evprof_waiters_of(&mutex)->count) < WAITERS) {
        sched_yield();
    }
    int64_t queued_ns = clock_ns();
    while (clock_ns() < queued_ns + HELD_NS) {
        sched_yield();
    }
    int64_t unlocked_ns = clock_ns();
    give_back();
    for (int i = 0; i < WAITERS; i++) {
        sleeper_join(&waiters[i]);
    }
    int64_t end_ns = clock_ns();
    seen_t blocked = seen_at(EVPROF_CONTENTION_BLOCK, wait_for_mutex);
    seen_t blamed = seen_at(EVPROF_CONTENTION_MUTEX, give_back);
    assert_int_equal(blocked.count, WAITERS);
    assert_true(blocked.delay_ns >= WAITERS * (unlocked_ns - queued_ns));
    assert_true(blocked.delay_ns <= WAITERS * (end_ns - start_ns));
    assert_int_equal(blamed.count, 1);
    assert_true(blamed.delay_ns >= WAITERS * (unlocked_ns - queued_ns));
    assert_true(blamed.delay_ns <= WAITERS * (end_ns - start_ns));
}

LEAF static void
give_back_tried(pthread_mutex_t *tried)
{
    pthread_mutex_unlock(tried);
    NO_TAIL_CALL();
}

/* A lock that a try has taken is held like any other. */
static void
test_delay_is_at_the_unlocker_of_a_try(void **state)
{
    (void)state;
    pthread_mutex_t tried = PTHREAD_MUTEX_INITIALIZER;
    sleeper_t waiter;
    record_all();
    assert_int_equal(pthread_mutex_trylock(&tried), 0);
    sleeper_start(&waiter, wait_for_mutex, &tried);
    while (!evprof_waiters_any(&tried)) {
        sched_yield();
    }
    int64_t queued_ns = clock_ns();
    while (clock_ns() < queued_ns + HELD_NS) {
        sched_yield();
    }
    give_back_tried(&tried);
    sleeper_join(&waiter);
    seen_t blamed = seen_at(EVPROF_CONTENTION_MUTEX, give_back_tried);
    assert_int_equal(blamed.count, 1);
    assert_true(blamed.delay_ns >= HELD_NS);
}

static void
test_failed_tries_leave_nothing(void **state)
{
    (void)state;
    pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
    record_all();
    assert_int_equal(pthread_mutex_lock(&held), 0);
    long before = evprof_contention_count(EVPROF_CONTENTION_BLOCK);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pthread_mutex_trylock(&held), EBUSY);
    }
    assert_int_equal(evprof_contention_count(EVPROF_CONTENTION_BLOCK), before);
    assert_false(evprof_waiters_any(&held));
    assert_int_equal(pthread_mutex_unlock(&held), 0);
}

static void
test_uncontended_locks_leave_nothing(void **state)
{
    (void)state;
    pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    record_all();
    long before = evprof_contention_count(EVPROF_CONTENTION_BLOCK);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&own);
        pthread_mutex_unlock(&own);
    }
    assert_int_equal(evprof_contention_count(EVPROF_CONTENTION_BLOCK), before);
}

/* Go's TestMutexProfileRateAdjust: what was recorded stays as it was. */
static void
test_rates_do_not_change_the_past(void **state)
{
    (void)state;
    seen_t blocked = seen_at(EVPROF_CONTENTION_BLOCK, wait_for_mutex);
    seen_t blamed = seen_at(EVPROF_CONTENTION_MUTEX, give_back);
    assert_true(blamed.delay_ns > 0);
    evprof_contention_set_block_rate(1000000);
    assert_int_equal(evprof_contention_set_mutex_fraction(100), 1);
    assert_int_equal(evprof_contention_set_mutex_fraction(-1), 100);
    record_nothing();
    assert_int_equal(evprof_contention_set_mutex_fraction(-1), 0);
    seen_t blocked_after = seen_at(EVPROF_CONTENTION_BLOCK, wait_for_mutex);
    seen_t blamed_after = seen_at(EVPROF_CONTENTION_MUTEX, give_back);
    assert_memory_equal(&blocked, &blocked_after, sizeof(blocked));
    assert_memory_equal(&blamed, &blamed_after, sizeof(blamed));
}

static int
check_entry(void *ctx, const evprof_contention_t *contention)
{
    uintptr_t leaf = contention->stack.pcs[0];
    assert_true(contention->count > 0);
    assert_true(contention->delay_ns > 0);
    if (leaf > (uintptr_t)wait_for_mutex &&
        leaf < (uintptr_t)wait_for_mutex + LEAF_BYTES) {
        assert_non_null(contention->labels);
        assert_string_equal(contention->labels->items[0].key, "tenant");
        assert_string_equal(contention->labels->items[0].text, "t1");
        ++*(int *)ctx;
    }
    return 0;
}

/* Go's TestMutexBlockFullAggregation: no stack twice, and labels on samples. */
static void
test_equal_stacks_are_one(void **state)
{
    (void)state;
    int found = 0;
    evprof_contention_each(EVPROF_CONTENTION_BLOCK, check_entry, &found);
    assert_int_equal(found, 1);
}

static int
stop_at_once(void *ctx, const evprof_contention_t *contention)
{
    (void)contention;
    ++*(int *)ctx;
    return 42;
}

static void
test_each_stops_where_asked(void **state)
{
    (void)state;
    int calls = 0;
    assert_int_equal(
        evprof_contention_each(EVPROF_CONTENTION_BLOCK, stop_at_once, &calls),
        42);
    assert_int_equal(calls, 1);
}

static void
test_stacks_are_counted(void **state)
{
    (void)state;
    evprof_contention_stats_t stats;
    evprof_contention_stats(EVPROF_CONTENTION_BLOCK, &stats);
    assert_true(stats.stacks >= WAITERS);
    assert_int_equal(stats.lost, 0);
    assert_int_equal(stats.no_room, 0);
}

LEAF_END

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_delay_is_at_the_unlocker),
        cmocka_unit_test(test_delay_is_at_the_unlocker_of_a_try),
        cmocka_unit_test(test_failed_tries_leave_nothing),
        cmocka_unit_test(test_uncontended_locks_leave_nothing),
        cmocka_unit_test(test_rates_do_not_change_the_past),
        cmocka_unit_test(test_equal_stacks_are_one),
        cmocka_unit_test(test_each_stops_where_asked),
        cmocka_unit_test(test_stacks_are_counted),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
