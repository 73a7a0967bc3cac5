/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barriers. There is nothing to try; the last thread to arrive does not wait,
 * and it is the one that gets the serial result.
 */
#include <pthread.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/interpose/wait.h"
#include "core/sample/contention.h"
#include "core/sample/hooks.h"

typedef int wait_fn(pthread_barrier_t *);

static evprof_real_t barrier_wait = EVPROF_REAL(pthread_barrier_wait, NULL);

__attribute__((constructor(101))) static void
find_barrier_function(void)
{
    static evprof_real_t *const reals[] = { &barrier_wait };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

EVPROF_API EVPROF_HOOK int
pthread_barrier_wait(pthread_barrier_t *barrier)
{
    wait_fn *real = (wait_fn *)evprof_real(&barrier_wait);
    if (!evprof_contention_is_on()) {
        return real(barrier);
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_BARRIER, barrier,
                       __builtin_return_address(0), real(barrier));
}
