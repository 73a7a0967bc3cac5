/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each lock that is waited for: how many wait, and the integral of that
 * number over time. An unlock takes the integral, so that each nanosecond of
 * each waiter is charged to exactly one unlock: the first that came after it.
 * When the last waiter has gone, what remains is the time the kernel took to
 * wake it; no unlock is to blame for that and it is dropped.
 *
 * The table is fixed: an entry lives while somebody waits, and a process has no
 * more waiters than threads.
 */
#include "core/sample/waiters.h"

#include <stddef.h>
#include <string.h>

#include "core/base/hash.h"

#define BUCKETS ((size_t)1024)

static evprof_waiters_t buckets[BUCKETS];

evprof_waiters_t *
evprof_waiters_of(const void *lock)
{
    return &buckets[evprof_hash_mix((uintptr_t)lock) % BUCKETS];
}

/* The entry of `lock` (NULL: a free one); NULL when there is none. */
static evprof_waited_t *
find(evprof_waiters_t *bucket, const void *lock)
{
    for (size_t i = 0; i < EVPROF_WAITED_LOCKS; i++) {
        if (bucket->waited[i].lock == lock) {
            return &bucket->waited[i];
        }
    }
    return NULL;
}

static void
bring_up_to_date(evprof_waited_t *waited, int64_t now_ns)
{
    /* Threads read the clock before they take the guard, hence the test. */
    if (now_ns > waited->last_ns) {
        waited->sum_ns += (int64_t)waited->waiters * (now_ns - waited->last_ns);
        waited->last_ns = now_ns;
    }
}

bool
evprof_waiters_enter(const void *lock, int64_t now_ns)
{
    evprof_waiters_t *bucket = evprof_waiters_of(lock);
    evprof_lock_enter(&bucket->guard);
    evprof_waited_t *waited = find(bucket, lock);
    if (waited == NULL) {
        waited = find(bucket, NULL);
        if (waited != NULL) {
            *waited = (evprof_waited_t){ .lock = lock, .last_ns = now_ns };
        }
    }
    if (waited != NULL) {
        bring_up_to_date(waited, now_ns);
        waited->waiters++;
        atomic_fetch_add_explicit(&bucket->count, 1, memory_order_relaxed);
    }
    evprof_lock_leave(&bucket->guard);
    return waited != NULL;
}

void
evprof_waiters_leave(const void *lock, int64_t now_ns)
{
    evprof_waiters_t *bucket = evprof_waiters_of(lock);
    evprof_lock_enter(&bucket->guard);
    evprof_waited_t *waited = find(bucket, lock);
    if (waited != NULL) {
        bring_up_to_date(waited, now_ns);
        atomic_fetch_sub_explicit(&bucket->count, 1, memory_order_relaxed);
        waited->waiters--;
        if (waited->waiters == 0) {
            *waited = (evprof_waited_t){ .lock = NULL };
        }
    }
    evprof_lock_leave(&bucket->guard);
}

int64_t
evprof_waiters_collect(const void *lock, int64_t now_ns)
{
    evprof_waiters_t *bucket = evprof_waiters_of(lock);
    int64_t sum_ns = 0;
    evprof_lock_enter(&bucket->guard);
    evprof_waited_t *waited = find(bucket, lock);
    if (waited != NULL) {
        bring_up_to_date(waited, now_ns);
        sum_ns = waited->sum_ns;
        waited->sum_ns = 0;
    }
    evprof_lock_leave(&bucket->guard);
    return sum_ns;
}

void
evprof_waiters_restart(int64_t now_ns)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        evprof_lock_enter(&buckets[i].guard);
        for (size_t k = 0; k < EVPROF_WAITED_LOCKS; k++) {
            buckets[i].waited[k].sum_ns = 0;
            buckets[i].waited[k].last_ns = now_ns;
        }
        evprof_lock_leave(&buckets[i].guard);
    }
}

void
evprof_waiters_reset(void)
{
    memset(buckets, 0, sizeof(buckets));
}
