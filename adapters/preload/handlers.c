/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigaction(), signal() and their older kin, in front of libc's. Programs as
 * plain as sort take SIGPROF for a request to end, and install their handlers
 * when a profile for a file has begun: while ours is in place, it stays, and
 * theirs comes after it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/sample/tap.h"

typedef void handler_fn(int);
typedef handler_fn *signal_fn(int, handler_fn *);

static evprof_real_t real_sigaction = EVPROF_REAL(sigaction, NULL);
static evprof_real_t real_signal = EVPROF_REAL(signal, NULL);
static evprof_real_t real_sysv_signal = EVPROF_REAL(sysv_signal, NULL);
static evprof_real_t real_sigset = EVPROF_REAL(sigset, NULL);
static evprof_real_t real_sigignore = EVPROF_REAL(sigignore, NULL);

/* What <signal.h> keeps for old programs. */
signal_fn bsd_signal __THROW;

__attribute__((constructor(101))) static void
find_handlers(void)
{
    static evprof_real_t *const reals[] = { &real_sigaction, &real_signal,
                                            &real_sysv_signal, &real_sigset,
                                            &real_sigignore };
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

/* Installs a handler where ours is in place; false: ours is not, or libc has a
 * say in it. */
static bool
take_handler(int number, handler_fn *handler, int flags, handler_fn **before)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    struct sigaction had;
    sigemptyset(&action.sa_mask);
    if ((flags & SA_NODEFER) == 0) {
        sigaddset(&action.sa_mask, number);
    }
    if (number != SIGPROF || handler == SIG_ERR ||
        !evprof_tap_take_action(&action, &had)) {
        return false;
    }
    *before = had.sa_handler;
    return true;
}

EVPROF_API handler_fn *
signal(int number, handler_fn *handler)
{
    handler_fn *before;
    return take_handler(number, handler, SA_RESTART, &before)
               ? before
               : ((signal_fn *)evprof_real(&real_signal))(number, handler);
}

/* As libc has them, one function by several names. */
EVPROF_API signal_fn bsd_signal __attribute__((alias("signal")));
EVPROF_API signal_fn ssignal __attribute__((alias("signal")));

EVPROF_API handler_fn *
sysv_signal(int number, handler_fn *handler)
{
    handler_fn *before;
    return take_handler(number, handler, (int)SA_RESETHAND | SA_NODEFER,
                        &before)
               ? before
               : ((signal_fn *)evprof_real(&real_sysv_signal))(number, handler);
}

EVPROF_API signal_fn __sysv_signal __attribute__((alias("sysv_signal")));

EVPROF_API int
sigignore(int number)
{
    handler_fn *before;
    return take_handler(number, SIG_IGN, 0, &before)
               ? 0
               : ((int (*)(int))evprof_real(&real_sigignore))(number);
}

/* The signal is held back or let through as well. */
EVPROF_API handler_fn *
sigset(int number, handler_fn *handler)
{
    const bool is_held = handler == SIG_HOLD;
    struct sigaction action = { .sa_handler = handler };
    struct sigaction before;
    sigset_t set;
    sigset_t held;
    if (number != SIGPROF ||
        !evprof_tap_take_action(is_held ? NULL : &action, &before)) {
        return ((signal_fn *)evprof_real(&real_sigset))(number, handler);
    }
    sigemptyset(&set);
    sigaddset(&set, number);
    (void)pthread_sigmask(is_held ? SIG_BLOCK : SIG_UNBLOCK, &set, &held);
    return sigismember(&held, number) != 0 ? SIG_HOLD : before.sa_handler;
}
