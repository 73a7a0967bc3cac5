/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigaction() and signal(), in front of libc's. Programs as plain as sort take
 * SIGPROF for a request to end, and install their handlers when a profile for a
 * file has begun: while ours is in place, it stays, and theirs comes after it.
 */
#include <signal.h>
#include <string.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/sample/tap.h"

typedef void handler_fn(int);
typedef handler_fn *signal_fn(int, handler_fn *);

static evprof_real_t real_sigaction = EVPROF_REAL(sigaction, NULL);
static evprof_real_t real_signal = EVPROF_REAL(signal, NULL);

__attribute__((constructor(101))) static void
find_handlers(void)
{
    static evprof_real_t *const reals[] = { &real_sigaction, &real_signal };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
    evprof_tap_set_sigaction(
        (evprof_sigaction_fn *)evprof_real(&real_sigaction));
}

EVPROF_API int
sigaction(int number, const struct sigaction *restrict action,
          struct sigaction *restrict before)
{
    if (number == SIGPROF && evprof_tap_take_action(action, before)) {
        return 0;
    }
    return ((evprof_sigaction_fn *)evprof_real(&real_sigaction))(number, action,
                                                                 before);
}

EVPROF_API handler_fn *
signal(int number, handler_fn *handler)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, number);
    if (number == SIGPROF && evprof_tap_take_action(&action, &before)) {
        return before.sa_handler;
    }
    return ((signal_fn *)evprof_real(&real_signal))(number, handler);
}
