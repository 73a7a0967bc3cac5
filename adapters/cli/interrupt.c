/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/cli/interrupt.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

#define SECOND_NS INT64_C(1000000000)

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP };

/* Read by handlers: written while these signals are blocked, or are alone. */
static char to_remove[PATH_MAX];
static volatile sig_atomic_t was_typed;
static volatile sig_atomic_t is_leaving;
static int64_t last_ns;

static void
die(int signo)
{
    if (to_remove[0] != '\0') {
        unlink(to_remove);
    }
    signal(signo, SIG_DFL);
    raise(signo);
}

static void
note(int signo)
{
    int saved = errno;
    int64_t now = evprof_clock_ns(CLOCK_MONOTONIC);
    (void)signo;
    is_leaving = is_leaving || (last_ns != 0 && now - last_ns < SECOND_NS);
    last_ns = now;
    was_typed = 1;
    errno = saved;
}

void
cli_interrupt_removes(const char *file)
{
    sigset_t set;
    sigset_t before;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        sigaddset(&set, deadly[i]);
    }
    sigprocmask(SIG_BLOCK, &set, &before);
    size_t len = file == NULL ? 0 : strlen(file);
    if (len >= sizeof(to_remove)) {
        len = 0;
    }
    if (len > 0) {
        memcpy(to_remove, file, len);
    }
    to_remove[len] = '\0';
    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        struct sigaction action;
        /* A signal that the parent ignores, as nohup does, stays ignored. */
        if (len > 0 && sigaction(deadly[i], NULL, &action) == 0 &&
            action.sa_handler == SIG_DFL) {
            action = (struct sigaction){ .sa_handler = die };
            sigaction(deadly[i], &action, NULL);
        }
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void
cli_interrupt_catch(void)
{
    /* Without SA_RESTART, so that waiting for a line or a child ends. */
    const struct sigaction action = { .sa_handler = note };
    sigaction(SIGINT, &action, NULL);
}

void
cli_interrupt_release(void)
{
    signal(SIGINT, SIG_DFL);
}

bool
cli_interrupt_is_typed(void)
{
    return was_typed != 0;
}

bool
cli_interrupt_take(void)
{
    bool was = was_typed != 0;
    was_typed = 0;
    return was;
}

bool
cli_interrupt_is_leaving(void)
{
    return is_leaving != 0;
}
