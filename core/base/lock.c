/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three-state futex lock of Drepper's "Futexes Are Tricky": the word says
 * whether anybody may be asleep, so that an uncontended pair makes no call.
 */
#include "core/base/lock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

static _Atomic(bool (*)(void)) on_wait;

static void
futex(_Atomic uint32_t *word, int op, uint32_t value)
{
    const int saved = errno;
    (void)syscall(SYS_futex, word, op, value, NULL, NULL, 0);
    errno = saved;
}

void
evprof_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline_ns)
{
    const int saved = errno;
    const struct timespec until = {
        .tv_sec = deadline_ns / 1000000000,
        .tv_nsec = deadline_ns % 1000000000,
    };
    /* The bitset form takes an absolute time of CLOCK_MONOTONIC. */
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value,
                  deadline_ns != 0 ? &until : NULL, NULL,
                  FUTEX_BITSET_MATCH_ANY);
    errno = saved;
}

bool
evprof_futex_await(_Atomic uint32_t *word, uint32_t value, int64_t deadline_ns)
{
    while (atomic_load(word) == value) {
        if (deadline_ns != 0 &&
            evprof_clock_ns(CLOCK_MONOTONIC) >= deadline_ns) {
            return false;
        }
        evprof_futex_wait(word, value, deadline_ns);
    }
    return true;
}

void
evprof_futex_wake(_Atomic uint32_t *word)
{
    futex(word, FUTEX_WAKE_PRIVATE, INT_MAX);
}

bool
evprof_lock_try(evprof_lock_t *lock)
{
    uint32_t free = 0;
    return atomic_compare_exchange_strong_explicit(
        &lock->word, &free, 1, memory_order_acquire, memory_order_relaxed);
}

void
evprof_lock_enter(evprof_lock_t *lock)
{
    if (evprof_lock_try(lock)) {
        return;
    }
    bool (*mend)(void) = atomic_load_explicit(&on_wait, memory_order_acquire);
    if (mend != NULL && mend() && evprof_lock_try(lock)) {
        return;
    }
    /* Acquire pairs with the release in evprof_lock_leave(). */
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire)) {
        futex(&lock->word, FUTEX_WAIT_PRIVATE, 2);
    }
}

void
evprof_lock_on_wait(bool (*mend)(void))
{
    atomic_store_explicit(&on_wait, mend, memory_order_release);
}

void
evprof_lock_leave(evprof_lock_t *lock)
{
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2) {
        futex(&lock->word, FUTEX_WAKE_PRIVATE, 1);
    }
}

bool
evprof_lock_is_free(const evprof_lock_t *lock)
{
    return atomic_load_explicit(&lock->word, memory_order_relaxed) == 0;
}

void
evprof_lock_reset(evprof_lock_t *lock)
{
    atomic_store_explicit(&lock->word, 0, memory_order_relaxed);
}
