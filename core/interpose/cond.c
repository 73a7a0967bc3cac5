/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions. Waiting for one always waits, so it is always timed, and it gives
 * a mutex back, so it is an unlock of that mutex too. The wait to have the
 * mutex again happens inside libc and is part of the wait for the condition.
 *
 * A wait may be cancelled: the thread then unwinds through this frame and
 * nothing of ours needs undoing, because a condition has no queue.
 */
#include <pthread.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/interpose/wait.h"
#include "core/sample/contention.h"
#include "core/sample/hooks.h"

/* The versions before 2.3.2 work on another structure. */
#if defined(__x86_64__)
#define CONDITION_VERSION "GLIBC_2.3.2"
#else
#define CONDITION_VERSION "GLIBC_2.17"
#endif

typedef int wake_fn(pthread_cond_t *);
typedef int wait_fn(pthread_cond_t *, pthread_mutex_t *);
typedef int timedwait_fn(pthread_cond_t *, pthread_mutex_t *,
                         const struct timespec *);
typedef int clockwait_fn(pthread_cond_t *, pthread_mutex_t *, clockid_t,
                         const struct timespec *);

static evprof_real_t cond_wait =
    EVPROF_REAL(pthread_cond_wait, CONDITION_VERSION);
static evprof_real_t cond_timedwait =
    EVPROF_REAL(pthread_cond_timedwait, CONDITION_VERSION);
static evprof_real_t cond_clockwait = EVPROF_REAL(pthread_cond_clockwait, NULL);
static evprof_real_t cond_signal =
    EVPROF_REAL(pthread_cond_signal, CONDITION_VERSION);
static evprof_real_t cond_broadcast =
    EVPROF_REAL(pthread_cond_broadcast, CONDITION_VERSION);

__attribute__((constructor(101))) static void
find_condition_functions(void)
{
    static evprof_real_t *const reals[] = { &cond_wait, &cond_timedwait,
                                            &cond_clockwait, &cond_signal,
                                            &cond_broadcast };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

/* The wait is about to unlock the mutex. Its waiters are charged now, since the
 * mutex is locked again when the wait returns. */
static void
give_back(pthread_mutex_t *mutex, const void *caller)
{
    evprof_unlock_t given = evprof_unlock_begin(mutex);
    evprof_unlock_end(EVPROF_WAIT_MUTEX, mutex, &given, caller);
}

EVPROF_API EVPROF_HOOK int
pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    wait_fn *real = (wait_fn *)evprof_real(&cond_wait);
    if (!evprof_contention_is_on()) {
        return real(condition, mutex);
    }
    give_back(mutex, __builtin_return_address(0));
    EVPROF_RETURN_WAIT(EVPROF_WAIT_COND, condition, __builtin_return_address(0),
                       real(condition, mutex));
}

EVPROF_API EVPROF_HOOK int
pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                       const struct timespec *until)
{
    timedwait_fn *real = (timedwait_fn *)evprof_real(&cond_timedwait);
    if (!evprof_contention_is_on()) {
        return real(condition, mutex, until);
    }
    give_back(mutex, __builtin_return_address(0));
    EVPROF_RETURN_WAIT(EVPROF_WAIT_COND, condition, __builtin_return_address(0),
                       real(condition, mutex, until));
}

EVPROF_API EVPROF_HOOK int
pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                       clockid_t clock, const struct timespec *until)
{
    clockwait_fn *real = (clockwait_fn *)evprof_real(&cond_clockwait);
    if (!evprof_contention_is_on()) {
        return real(condition, mutex, clock, until);
    }
    give_back(mutex, __builtin_return_address(0));
    EVPROF_RETURN_WAIT(EVPROF_WAIT_COND, condition, __builtin_return_address(0),
                       real(condition, mutex, clock, until));
}

/* Reported before the signal: a moment later the waiter may be gone, and the
 * condition with it. */
EVPROF_API EVPROF_HOOK int
pthread_cond_signal(pthread_cond_t *condition)
{
    wake_fn *real = (wake_fn *)evprof_real(&cond_signal);
    if (evprof_wait_is_watched()) {
        evprof_wake(EVPROF_WAIT_COND, condition, __builtin_return_address(0));
    }
    return real(condition);
}

EVPROF_API EVPROF_HOOK int
pthread_cond_broadcast(pthread_cond_t *condition)
{
    wake_fn *real = (wake_fn *)evprof_real(&cond_broadcast);
    if (evprof_wait_is_watched()) {
        evprof_wake_all(EVPROF_WAIT_COND, condition,
                        __builtin_return_address(0));
    }
    return real(condition);
}
