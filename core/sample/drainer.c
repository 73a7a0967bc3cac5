/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock is held while rings are emptied; sinks and ticks run under it, so
 * that a flush also waits for those that are running.
 */
#include "core/sample/drainer.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/own_thread.h"
#include "core/sample/threads.h"

static struct {
    evprof_lock_t lock; /* held while rings are emptied and in ticks */
    pthread_t thread;
    _Atomic bool is_on;
    void (*take)(const evprof_record_t *record);
    void (*tick)(void);
} drainer;

/* Hands the records of one ring to the sinks; true when there were any. */
static bool
empty_ring(evprof_ring_t *ring)
{
    const uint64_t head =
        atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    const bool had_some = tail != head;
    while (tail != head) {
        const evprof_record_t *record =
            (const evprof_record_t *)(const void *)&ring
                ->words[tail % EVPROF_RING_WORDS];
        if (record->session != 0) {
            drainer.take(record);
        }
        tail += record->words;
        /* Release: the words may be written again. */
        atomic_store_explicit(&ring->tail, tail, memory_order_release);
    }
    return had_some;
}

static bool
empty_rings(void)
{
    bool had_some = false;
    const uint32_t count =
        atomic_load_explicit(&evprof_ring_count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        had_some |= empty_ring(&evprof_rings[i]);
    }
    return had_some;
}

void
evprof_drainer_flush(void)
{
    evprof_lock_enter(&drainer.lock);
    empty_rings();
    evprof_lock_leave(&drainer.lock);
}

/* Whether records may be on their way. */
static bool
is_on(void)
{
    return atomic_load_explicit(&drainer.is_on, memory_order_relaxed);
}

/* Sleeps until a writer wakes the drainer, at most `timeout_ns`. */
static void
wait_for_alarm(long timeout_ns)
{
    const struct timespec timeout = { .tv_nsec = timeout_ns };
    (void)syscall(SYS_futex, &evprof_ring_alarm, FUTEX_WAIT_PRIVATE, 0,
                  &timeout, NULL, 0);
    atomic_exchange_explicit(&evprof_ring_alarm, 0, memory_order_acquire);
}

static void *
drain(void *unused)
{
    (void)unused;
    long sleep_ns = EVPROF_DRAIN_TICK_NS;
    while (is_on()) {
        wait_for_alarm(sleep_ns);
        evprof_lock_enter(&drainer.lock);
        const bool had_some = empty_rings();
        drainer.tick();
        evprof_lock_leave(&drainer.lock);
        sleep_ns = had_some ? EVPROF_DRAIN_TICK_NS : 2 * sleep_ns;
        if (sleep_ns > EVPROF_DRAIN_TICK_MAX_NS) {
            sleep_ns = EVPROF_DRAIN_TICK_MAX_NS;
        }
    }
    return NULL;
}

int
evprof_drainer_start(void (*take)(const evprof_record_t *record),
                     void (*tick)(void))
{
    drainer.take = take;
    drainer.tick = tick;
    atomic_store(&drainer.is_on, true);
    if (evprof_own_thread_start(EVPROF_OWN_DRAINER, &drainer.thread, drain,
                                NULL) != 0) {
        atomic_store(&drainer.is_on, false);
        return EVPROF_EIO;
    }
    return EVPROF_OK;
}

void
evprof_drainer_stop(void)
{
    if (!is_on()) {
        return;
    }
    atomic_store(&drainer.is_on, false);
    evprof_ring_wake();
    evprof_thread_join_ours(drainer.thread);
    evprof_drainer_flush();
}

bool
evprof_drainer_was_idle(void)
{
    return evprof_lock_is_free(&drainer.lock);
}

void
evprof_drainer_fork_child(void)
{
    const uint32_t count =
        atomic_load_explicit(&evprof_ring_count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        atomic_store(&evprof_rings[i].claim, 0);
        atomic_store(&evprof_rings[i].head, 0);
        atomic_store(&evprof_rings[i].tail, 0);
    }
    evprof_lock_reset(&drainer.lock);
    atomic_store(&evprof_ring_alarm, 0);
    atomic_store(&drainer.is_on, false);
}
