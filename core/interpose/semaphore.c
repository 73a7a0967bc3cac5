/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores. They are cancellation points even when they do not wait, which a
 * try is not, so cancellation is tested first. A failed try sets errno, which a
 * later success must not show. Nobody holds a semaphore, so nobody is charged.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/interpose/wait.h"
#include "core/sample/contention.h"
#include "core/sample/hooks.h"

typedef int wait_fn(sem_t *);
typedef int timedwait_fn(sem_t *, const struct timespec *);
typedef int clockwait_fn(sem_t *, clockid_t, const struct timespec *);

static evprof_real_t semaphore_wait = EVPROF_REAL(sem_wait, NULL);
static evprof_real_t semaphore_trywait = EVPROF_REAL(sem_trywait, NULL);
static evprof_real_t semaphore_timedwait = EVPROF_REAL(sem_timedwait, NULL);
static evprof_real_t semaphore_clockwait = EVPROF_REAL(sem_clockwait, NULL);
static evprof_real_t semaphore_post = EVPROF_REAL(sem_post, NULL);

/* A handler may post, and must not look functions up. */
__attribute__((constructor(101))) static void
find_semaphore_functions(void)
{
    static evprof_real_t *const reals[] = { &semaphore_wait, &semaphore_trywait,
                                            &semaphore_timedwait,
                                            &semaphore_clockwait,
                                            &semaphore_post };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

/* True when the semaphore was free and is now taken. */
static bool
take(sem_t *semaphore)
{
    pthread_testcancel();
    int saved = errno;
    wait_fn *try = (wait_fn *)evprof_real(&semaphore_trywait);
    bool is_taken = try(semaphore) == 0;
    errno = saved;
    return is_taken;
}

EVPROF_API EVPROF_HOOK int
sem_wait(sem_t *semaphore)
{
    wait_fn *real = (wait_fn *)evprof_real(&semaphore_wait);
    if (!evprof_contention_is_on()) {
        return real(semaphore);
    }
    if (take(semaphore)) {
        return 0;
    }
    EVPROF_RETURN_WAIT_ERRNO(EVPROF_WAIT_SEMAPHORE, semaphore,
                             __builtin_return_address(0), real(semaphore));
}

EVPROF_API EVPROF_HOOK int
sem_timedwait(sem_t *semaphore, const struct timespec *until)
{
    timedwait_fn *real = (timedwait_fn *)evprof_real(&semaphore_timedwait);
    if (!evprof_contention_is_on()) {
        return real(semaphore, until);
    }
    if (take(semaphore)) {
        return 0;
    }
    EVPROF_RETURN_WAIT_ERRNO(EVPROF_WAIT_SEMAPHORE, semaphore,
                             __builtin_return_address(0),
                             real(semaphore, until));
}

EVPROF_API EVPROF_HOOK int
sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    clockwait_fn *real = (clockwait_fn *)evprof_real(&semaphore_clockwait);
    if (!evprof_contention_is_on()) {
        return real(semaphore, clock, until);
    }
    if (take(semaphore)) {
        return 0;
    }
    EVPROF_RETURN_WAIT_ERRNO(EVPROF_WAIT_SEMAPHORE, semaphore,
                             __builtin_return_address(0),
                             real(semaphore, clock, until));
}

EVPROF_API EVPROF_HOOK int
sem_post(sem_t *semaphore)
{
    wait_fn *real = (wait_fn *)evprof_real(&semaphore_post);
    if (evprof_wait_is_watched()) {
        evprof_wake(EVPROF_WAIT_SEMAPHORE, semaphore,
                    __builtin_return_address(0));
    }
    return real(semaphore);
}
