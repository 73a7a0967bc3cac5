/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/unit/interpose/tests.h"

/* Two threads hand a turn to each other; the wrong body of a condition hangs.
 */
typedef struct table {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int turn;
    int rounds;
} table_t;

typedef struct player {
    table_t *table;
    int number;
    int error;
} player_t;

static int
wait_somehow(table_t *table, int round)
{
    struct timespec until;
    switch (round % 3) {
    case 0:
        return pthread_cond_wait(&table->moved, &table->mutex);
    case 1:
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 60;
        return pthread_cond_timedwait(&table->moved, &table->mutex, &until);
    default:
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 60;
        return pthread_cond_clockwait(&table->moved, &table->mutex,
                                      CLOCK_MONOTONIC, &until);
    }
}

static void *
play(void *arg)
{
    player_t *player = arg;
    table_t *table = player->table;
    for (int round = 0; round < table->rounds; round++) {
        pthread_mutex_lock(&table->mutex);
        while (table->turn != player->number && player->error == 0) {
            player->error = wait_somehow(table, round);
        }
        table->turn = 1 - player->number;
        pthread_cond_signal(&table->moved);
        pthread_mutex_unlock(&table->mutex);
    }
    return NULL;
}

static void
test_ping_pong(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        way == 0 ? record_nothing() : record_all();
        table_t table = { .mutex = PTHREAD_MUTEX_INITIALIZER,
                          .moved = PTHREAD_COND_INITIALIZER,
                          .rounds = 2000 };
        player_t players[2] = { { &table, 0, 0 }, { &table, 1, 0 } };
        pthread_t other;
        assert_int_equal(pthread_create(&other, NULL, play, &players[1]), 0);
        play(&players[0]);
        pthread_join(other, NULL);
        assert_int_equal(players[0].error, 0);
        assert_int_equal(players[1].error, 0);
    }
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static bool is_ready;
static bool was_cleaned_with_mutex;

LEAF static void *
wait_until_ready(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    while (!is_ready) {
        pthread_cond_wait(&condition, &mutex);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

LEAF static int
wait_for_nothing(void)
{
    struct timespec until = soon(CLOCK_REALTIME);
    int error = pthread_cond_timedwait(&condition, &mutex, &until);
    NO_TAIL_CALL();
    return error;
}

static void
test_waits_are_seen_in_block(void **state)
{
    (void)state;
    record_all();
    sleeper_t waiter;
    sleeper_start(&waiter, wait_until_ready, NULL);
    await_asleep(&waiter);
    pthread_mutex_lock(&mutex);
    is_ready = true;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
    assert_null(sleeper_join(&waiter));
    seen_t seen = seen_at(EVPROF_CONTENTION_BLOCK, wait_until_ready);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen_at(EVPROF_CONTENTION_MUTEX, wait_until_ready).count,
                     0);
}

static void
watch_wait(const evprof_wait_t *wait)
{
    (void)wait;
}

static void
watch_return(const evprof_wait_t *wait, int error)
{
    (void)wait;
    (void)error;
}

static struct {
    int for_one;
    int for_all;
} wakes;

static void
watch_wake(enum evprof_wait_kind kind, const void *object, int64_t at_ns,
           bool is_for_all, const void *caller)
{
    (void)at_ns;
    (void)caller;
    if (kind == EVPROF_WAIT_COND && object == &condition) {
        wakes.for_one += !is_for_all;
        wakes.for_all += is_for_all;
    }
}

static void
test_a_broadcast_is_for_all(void **state)
{
    (void)state;
    static const evprof_wait_watcher_t watcher = { .begin = watch_wait,
                                                   .end = watch_return,
                                                   .wake = watch_wake };
    evprof_wait_watch(&watcher);
    pthread_cond_signal(&condition);
    pthread_cond_broadcast(&condition);
    pthread_cond_broadcast(&condition);
    evprof_wait_watch(NULL);
    assert_int_equal(wakes.for_one, 1);
    assert_int_equal(wakes.for_all, 2);
}

static void *
lock_and_unlock(void *arg)
{
    pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
    return NULL;
}

/* Waiting for a condition gives the mutex to those who wait for that. */
static void
test_a_wait_is_an_unlock(void **state)
{
    (void)state;
    record_all();
    sleeper_t waiter;
    pthread_mutex_lock(&mutex);
    sleeper_start(&waiter, lock_and_unlock, &mutex);
    await_asleep(&waiter);
    assert_int_equal(wait_for_nothing(), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    sleeper_join(&waiter);
    assert_true(seen_at(EVPROF_CONTENTION_BLOCK, wait_for_nothing).delay_ns >
                0);
    assert_int_equal(seen_at(EVPROF_CONTENTION_MUTEX, wait_for_nothing).count,
                     1);
}

static void
clean_up(void *arg)
{
    pthread_mutex_t *held = arg;
    was_cleaned_with_mutex = pthread_mutex_trylock(held) == EBUSY;
    pthread_mutex_unlock(held);
}

static void *
wait_for_ever(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(clean_up, &mutex);
    for (;;) {
        pthread_cond_wait(&condition, &mutex);
    }
    pthread_cleanup_pop(1);
    return NULL;
}

static void
test_a_wait_can_be_cancelled(void **state)
{
    (void)state;
    SKIP_WITH_ASAN();
    for (int way = 0; way < 2; way++) {
        way == 0 ? record_nothing() : record_all();
        was_cleaned_with_mutex = false;
        sleeper_t waiter;
        sleeper_start(&waiter, wait_for_ever, NULL);
        await_asleep(&waiter);
        pthread_cancel(waiter.thread);
        assert_ptr_equal(sleeper_join(&waiter), PTHREAD_CANCELED);
        assert_true(was_cleaned_with_mutex);
        assert_int_equal(pthread_mutex_trylock(&mutex), 0);
        pthread_mutex_unlock(&mutex);
    }
}

LEAF_END

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_are_seen_in_block),
        cmocka_unit_test(test_a_broadcast_is_for_all),
        cmocka_unit_test(test_a_wait_is_an_unlock),
        cmocka_unit_test(test_a_wait_can_be_cancelled),
        cmocka_unit_test(test_ping_pong),
    };
    return cmocka_run_group_tests_name("cond", tests, NULL, NULL);
}
