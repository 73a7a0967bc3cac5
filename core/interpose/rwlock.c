/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader-writer locks, by the same rule as mutexes: try, then time. Readers and
 * writers share one unlock function; a reader that unlocks while a writer waits
 * is charged like any other.
 */
#include <pthread.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/interpose/wait.h"
#include "core/sample/contention.h"
#include "core/sample/hooks.h"

typedef int lock_fn(pthread_rwlock_t *);
typedef int timedlock_fn(pthread_rwlock_t *, const struct timespec *);
typedef int clocklock_fn(pthread_rwlock_t *, clockid_t,
                         const struct timespec *);

static evprof_real_t rdlock = EVPROF_REAL(pthread_rwlock_rdlock, NULL);
static evprof_real_t wrlock = EVPROF_REAL(pthread_rwlock_wrlock, NULL);
static evprof_real_t unlock = EVPROF_REAL(pthread_rwlock_unlock, NULL);
static evprof_real_t tryrdlock = EVPROF_REAL(pthread_rwlock_tryrdlock, NULL);
static evprof_real_t trywrlock = EVPROF_REAL(pthread_rwlock_trywrlock, NULL);
static evprof_real_t timedrdlock =
    EVPROF_REAL(pthread_rwlock_timedrdlock, NULL);
static evprof_real_t timedwrlock =
    EVPROF_REAL(pthread_rwlock_timedwrlock, NULL);
static evprof_real_t clockrdlock =
    EVPROF_REAL(pthread_rwlock_clockrdlock, NULL);
static evprof_real_t clockwrlock =
    EVPROF_REAL(pthread_rwlock_clockwrlock, NULL);

__attribute__((constructor(101))) static void
find_rwlock_functions(void)
{
    static evprof_real_t *const reals[] = {
        &rdlock,      &wrlock,      &unlock,      &tryrdlock,  &trywrlock,
        &timedrdlock, &timedwrlock, &clockrdlock, &clockwrlock
    };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

EVPROF_HOOK static int
lock(evprof_real_t *first, evprof_real_t *then, pthread_rwlock_t *rwlock,
     const void *caller)
{
    lock_fn *real = (lock_fn *)evprof_real(then);
    if (!evprof_contention_is_on()) {
        return real(rwlock);
    }
    if (((lock_fn *)evprof_real(first))(rwlock) == 0) {
        return 0;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_RWLOCK, rwlock, caller, real(rwlock));
}

EVPROF_HOOK static int
timed(evprof_real_t *first, evprof_real_t *then, pthread_rwlock_t *rwlock,
      const struct timespec *until, const void *caller)
{
    timedlock_fn *real = (timedlock_fn *)evprof_real(then);
    if (!evprof_contention_is_on()) {
        return real(rwlock, until);
    }
    if (((lock_fn *)evprof_real(first))(rwlock) == 0) {
        return 0;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_RWLOCK, rwlock, caller, real(rwlock, until));
}

/* The clock and the end of a wait. */
typedef struct deadline {
    clockid_t clock;
    const struct timespec *until;
} deadline_t;

EVPROF_HOOK static int
clocked(evprof_real_t *first, evprof_real_t *then, pthread_rwlock_t *rwlock,
        deadline_t deadline, const void *caller)
{
    clocklock_fn *real = (clocklock_fn *)evprof_real(then);
    if (!evprof_contention_is_on()) {
        return real(rwlock, deadline.clock, deadline.until);
    }
    if (((lock_fn *)evprof_real(first))(rwlock) == 0) {
        return 0;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_RWLOCK, rwlock, caller,
                       real(rwlock, deadline.clock, deadline.until));
}

EVPROF_API EVPROF_HOOK int
pthread_rwlock_rdlock(pthread_rwlock_t *rwlock)
{
    return lock(&tryrdlock, &rdlock, rwlock, __builtin_return_address(0));
}

EVPROF_API EVPROF_HOOK int
pthread_rwlock_wrlock(pthread_rwlock_t *rwlock)
{
    return lock(&trywrlock, &wrlock, rwlock, __builtin_return_address(0));
}

EVPROF_API EVPROF_HOOK int
pthread_rwlock_timedrdlock(pthread_rwlock_t *rwlock,
                           const struct timespec *until)
{
    return timed(&tryrdlock, &timedrdlock, rwlock, until,
                 __builtin_return_address(0));
}

EVPROF_API EVPROF_HOOK int
pthread_rwlock_timedwrlock(pthread_rwlock_t *rwlock,
                           const struct timespec *until)
{
    return timed(&trywrlock, &timedwrlock, rwlock, until,
                 __builtin_return_address(0));
}

EVPROF_API EVPROF_HOOK int
pthread_rwlock_clockrdlock(pthread_rwlock_t *rwlock, clockid_t clock,
                           const struct timespec *until)
{
    return clocked(&tryrdlock, &clockrdlock, rwlock,
                   (deadline_t){ clock, until }, __builtin_return_address(0));
}

EVPROF_API EVPROF_HOOK int
pthread_rwlock_clockwrlock(pthread_rwlock_t *rwlock, clockid_t clock,
                           const struct timespec *until)
{
    return clocked(&trywrlock, &clockwrlock, rwlock,
                   (deadline_t){ clock, until }, __builtin_return_address(0));
}

EVPROF_API EVPROF_HOOK int
pthread_rwlock_unlock(pthread_rwlock_t *rwlock)
{
    lock_fn *real = (lock_fn *)evprof_real(&unlock);
    if (!evprof_contention_is_on()) {
        return real(rwlock);
    }
    evprof_unlock_t given = evprof_unlock_begin(rwlock);
    int error = real(rwlock);
    if (given.waited_ns > 0 && error == 0) {
        evprof_unlock_end(EVPROF_WAIT_RWLOCK, rwlock, &given,
                          __builtin_return_address(0));
    }
    return error;
}
