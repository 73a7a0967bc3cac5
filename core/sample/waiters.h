/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_WAITERS_H
#define EVPROF_SAMPLE_WAITERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/lock.h"

/*
 * Who waits for which lock, by its address. No allocation, no pthread lock;
 * not for handlers. Addresses are names only: nothing behind them is touched,
 * so a lock may be destroyed, moved to another thread or made again.
 */
typedef struct evprof_waited {
    const void *lock; /* NULL: free */
    uint32_t waiters;
    int64_t last_ns; /* until here the sum is up to date */
    int64_t sum_ns;  /* waited by all of them since the last unlock */
} evprof_waited_t;

/* Locks that share a bucket and are waited for at once: beyond three of them
 * the waits have no unlocker. */
#define EVPROF_WAITED_LOCKS 3u

typedef struct evprof_waiters {
    _Alignas(64) _Atomic uint32_t count; /* of all waiters of the bucket */
    evprof_lock_t guard;                 /* of `waited` */
    evprof_waited_t waited[EVPROF_WAITED_LOCKS];
} evprof_waiters_t;

/* The bucket of a lock. */
evprof_waiters_t *evprof_waiters_of(const void *lock);

/* A thread begins to wait; false when the bucket is full. */
bool evprof_waiters_enter(const void *lock, int64_t now_ns);

/* A thread for which that was true has the lock, or gave up. */
void evprof_waiters_leave(const void *lock, int64_t now_ns);

/* The time that all waiters together have waited for `lock` since the last
 * call, in ns. */
int64_t evprof_waiters_collect(const void *lock, int64_t now_ns);

/* Restarts recording: forgets the time waited so far, but keeps the waiters. */
void evprof_waiters_restart(int64_t now_ns);

/* Forgets everybody: in the child of a fork. */
void evprof_waiters_reset(void);

/* Whether somebody waits in the bucket of `lock`; the load of every unlock. */
static inline bool
evprof_waiters_any(const void *lock)
{
    return atomic_load_explicit(&evprof_waiters_of(lock)->count,
                                memory_order_relaxed) != 0;
}

#endif
