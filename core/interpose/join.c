/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a thread's end. A thread that has ended is joined by the try and
 * was not waited for. Joining is a cancellation point either way.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/interpose/wait.h"
#include "core/sample/contention.h"
#include "core/sample/hooks.h"

typedef int join_fn(pthread_t, void **);
typedef int timedjoin_fn(pthread_t, void **, const struct timespec *);
typedef int clockjoin_fn(pthread_t, void **, clockid_t,
                         const struct timespec *);

static evprof_real_t join = EVPROF_REAL(pthread_join, NULL);
static evprof_real_t tryjoin = EVPROF_REAL(pthread_tryjoin_np, NULL);
static evprof_real_t timedjoin = EVPROF_REAL(pthread_timedjoin_np, NULL);
static evprof_real_t clockjoin = EVPROF_REAL(pthread_clockjoin_np, NULL);

__attribute__((constructor(101))) static void
find_join_functions(void)
{
    static evprof_real_t *const reals[] = { &join, &tryjoin, &timedjoin,
                                            &clockjoin };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

/* True when the thread had ended and is now joined. */
static bool
has_ended(pthread_t thread, void **value)
{
    pthread_testcancel();
    return ((join_fn *)evprof_real(&tryjoin))(thread, value) == 0;
}

/* A thread's handle is the address of its descriptor. */
static const void *
object_of(pthread_t thread)
{
    const void *object = NULL;
    memcpy(&object, &thread, sizeof(object));
    return object;
}

EVPROF_API EVPROF_HOOK int
pthread_join(pthread_t thread, void **value)
{
    join_fn *real = (join_fn *)evprof_real(&join);
    if (!evprof_contention_is_on()) {
        return real(thread, value);
    }
    if (has_ended(thread, value)) {
        return 0;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_JOIN, object_of(thread),
                       __builtin_return_address(0), real(thread, value));
}

EVPROF_API EVPROF_HOOK int
pthread_timedjoin_np(pthread_t thread, void **value,
                     const struct timespec *until)
{
    timedjoin_fn *real = (timedjoin_fn *)evprof_real(&timedjoin);
    if (!evprof_contention_is_on()) {
        return real(thread, value, until);
    }
    if (has_ended(thread, value)) {
        return 0;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_JOIN, object_of(thread),
                       __builtin_return_address(0), real(thread, value, until));
}

EVPROF_API EVPROF_HOOK int
pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock,
                     const struct timespec *until)
{
    clockjoin_fn *real = (clockjoin_fn *)evprof_real(&clockjoin);
    if (!evprof_contention_is_on()) {
        return real(thread, value, clock, until);
    }
    if (has_ended(thread, value)) {
        return 0;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_JOIN, object_of(thread),
                       __builtin_return_address(0),
                       real(thread, value, clock, until));
}
