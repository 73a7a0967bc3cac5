/* SPDX-License-Identifier: Apache-2.0 */
/* How true the sums of block and mutex are, and what they take at most. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/sample/budget.h"
#include "core/sample/contention.h"
#include "core/sample/waiters.h"
#include "tests/bench/locks/bench_locks.h"

enum { WAITERS = 100, HELD_NS = 100000000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* How long it took to get the mutex, by the thread's own clock. */
static void *
wait_once(void *arg)
{
    int64_t *waited_ns = arg;
    int64_t start_ns = bench_clock(CLOCK_MONOTONIC);
    pthread_mutex_lock(&mutex);
    *waited_ns = bench_clock(CLOCK_MONOTONIC) - start_ns;
    pthread_mutex_unlock(&mutex);
    return NULL;
}

typedef struct sums {
    int64_t count;
    int64_t delay_ns;
} sums_t;

static int
add(void *ctx, const evprof_contention_t *contention)
{
    sums_t *sums = ctx;
    sums->count += contention->count;
    sums->delay_ns += contention->delay_ns;
    return 0;
}

static sums_t
all_of(enum evprof_contention_kind kind)
{
    sums_t sums = { 0 };
    evprof_contention_each(kind, add, &sums);
    return sums;
}

/* Go's TestMutexProfile: 100 threads wait 100 ms for one. What they waited is
 * known to themselves, however long a busy machine makes it. */
void
bench_total(void)
{
    static int64_t waited_ns[WAITERS];
    pthread_t threads[WAITERS];
    sums_t blame = all_of(EVPROF_CONTENTION_MUTEX);
    sums_t block = all_of(EVPROF_CONTENTION_BLOCK);
    pthread_mutex_lock(&mutex);
    evprof_contention_set_block_rate(1);
    evprof_contention_set_mutex_fraction(1);
    for (int i = 0; i < WAITERS; i++) {
        pthread_create(&threads[i], NULL, wait_once, &waited_ns[i]);
    }
    while (atomic_load(&evprof_waiters_of(&mutex)->count) < WAITERS) {
        sched_yield();
    }
    const struct timespec held = { .tv_nsec = HELD_NS };
    nanosleep(&held, NULL);
    pthread_mutex_unlock(&mutex);
    double truth_ns = 0;
    for (int i = 0; i < WAITERS; i++) {
        pthread_join(threads[i], NULL);
        truth_ns += (double)waited_ns[i];
    }
    evprof_contention_set_block_rate(0);
    evprof_contention_set_mutex_fraction(0);
    double blame_ns =
        (double)(all_of(EVPROF_CONTENTION_MUTEX).delay_ns - blame.delay_ns);
    double block_ns =
        (double)(all_of(EVPROF_CONTENTION_BLOCK).delay_ns - block.delay_ns);
    printf("total: 100 waiters x 100 ms: they say %.2f s themselves; mutex "
           "says %.3f of it, block %.3f (budget 0.9 to 1.1)\n",
           truth_ns / 1e9, blame_ns / truth_ns, block_ns / truth_ns);
}

/* Go's TestBlockProfileBias, on the code that decides: events are offered with
 * times of a clock of our own. */
void
bench_bias(void)
{
    enum { SECONDS = 200, RATE_NS = 100000 };
    evprof_budget_t budget = { 0 };
    double often_ns = 0;
    double rarely_ns = 0;
    evprof_weight_t weight;
    for (int64_t second = 1; second <= SECONDS; second++) {
        for (int64_t i = 0; i < 1000; i++) {
            int64_t now_ns = second * 1000000000 + i * 1000000;
            if (evprof_budget_take(&budget, now_ns, 1000, RATE_NS, &weight)) {
                often_ns += (double)weight.ns;
            }
            if (i % 100 == 0 && evprof_budget_take(&budget, now_ns + 1, 100000,
                                                   RATE_NS, &weight)) {
                rarely_ns += (double)weight.ns;
            }
        }
    }
    printf("bias: 1,000 waits of 1 us against 10 of 100 us: %.3f (budget "
           "within 0.2 of 1)\n",
           often_ns / rarely_ns);
}

enum { FIGHTERS = 8, FIGHT_NS = 2000000000 };

static atomic_bool is_over;
static _Atomic uint64_t turns;

static void *
fight(void *arg)
{
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        pthread_mutex_lock(&mutex);
        for (volatile int i = 0; i < 200; i++) {
        }
        pthread_mutex_unlock(&mutex);
        atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed);
    }
    return arg;
}

static uint64_t
fight_for_a_while(void)
{
    pthread_t threads[FIGHTERS];
    const struct timespec while_ = { .tv_sec = FIGHT_NS / 1000000000 };
    atomic_store(&is_over, false);
    atomic_store(&turns, 0);
    for (int i = 0; i < FIGHTERS; i++) {
        pthread_create(&threads[i], NULL, fight, NULL);
    }
    nanosleep(&while_, NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i < FIGHTERS; i++) {
        pthread_join(threads[i], NULL);
    }
    return atomic_load(&turns);
}

static uint64_t
stacks_taken(void)
{
    evprof_contention_stats_t block;
    evprof_contention_stats_t blame;
    evprof_contention_stats(EVPROF_CONTENTION_BLOCK, &block);
    evprof_contention_stats(EVPROF_CONTENTION_MUTEX, &blame);
    return block.stacks + blame.stacks;
}

void
bench_burst(void)
{
    uint64_t off = fight_for_a_while();
    evprof_contention_set_block_rate(1);
    evprof_contention_set_mutex_fraction(1);
    uint64_t before = stacks_taken();
    uint64_t on = fight_for_a_while();
    double seconds = FIGHT_NS / 1e9;
    evprof_contention_set_block_rate(0);
    evprof_contention_set_mutex_fraction(0);
    printf("burst: 8 threads on one mutex: %.0f turns a second off, %.0f on, "
           "%.0f stacks a second (budget 1,000)\n",
           (double)off / seconds, (double)on / seconds,
           (double)(stacks_taken() - before) / seconds);
}
