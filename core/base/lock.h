/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_LOCK_H
#define EVPROF_BASE_LOCK_H

/*
 * A lock on a futex word. What runs in an application may not use pthread
 * mutexes: they are interposed, so that a lock of ours would show up in the
 * profiles of locks and recurse. Not for handlers. Zero-initialised is
 * unlocked.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct evprof_lock {
    _Atomic uint32_t word; /* 0: free, 1: held, 2: held and waited for */
} evprof_lock_t;

/* Takes the lock; keeps errno. */
void evprof_lock_enter(evprof_lock_t *lock);

/* Takes it if it is free. */
bool evprof_lock_try(evprof_lock_t *lock);

/* Gives it back; keeps errno. */
void evprof_lock_leave(evprof_lock_t *lock);

/* Whether nobody holds it, for the child of a fork, which is alone. */
bool evprof_lock_is_free(const evprof_lock_t *lock);

/*
 * Sleeps while `*word` is `value`, at most until `deadline_ns` of
 * CLOCK_MONOTONIC (0: no limit); may return early. Keeps errno.
 */
void evprof_futex_wait(_Atomic uint32_t *word, uint32_t value,
                       int64_t deadline_ns);

/*
 * Sleeps until `*word` is no more `value`, however often it is woken, at most
 * until `deadline_ns` as above. Whether the word has changed. Keeps errno.
 */
bool evprof_futex_await(_Atomic uint32_t *word, uint32_t value,
                        int64_t deadline_ns);

/* Wakes all that sleep on the word. Keeps errno; signal-safe. */
void evprof_futex_wake(_Atomic uint32_t *word);

/* Has `mend` called by whoever finds a lock held, before he waits for it: true
 * says that it may be free now, as in the child of a fork, where the holder is
 * gone. For one caller. */
void evprof_lock_on_wait(bool (*mend)(void));

/* Makes it free again in the child of a fork, whoever held it. */
void evprof_lock_reset(evprof_lock_t *lock);

#endif
