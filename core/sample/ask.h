/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_ASK_H
#define EVPROF_SAMPLE_ASK_H

/*
 * Having another thread record its own stack, with the tap of `kind` open. Any
 * thread, not in a handler; errno is kept.
 */

#include "core/profile/loss.h"
#include "core/sample/tap.h"
#include "core/sample/threads.h"

/*
 * Asks a thread that runs: a timer on its own CPU clock expires once, at the
 * next tick of the kernel's clock that meets the thread on a CPU. A thread that
 * falls asleep before that is left alone. On success `*timer` is what
 * evprof_ask_end() has to be given. EVPROF_ENOENT: the thread has ended;
 * EVPROF_ELIMIT: the kernel has no queued-signal slot or timer left;
 * EVPROF_ENOTSUP: the process may not make such timers; EVPROF_ESTATE: closed.
 */
int evprof_ask_runner(enum evprof_tap_kind kind, evprof_thread_t *thread,
                      uint32_t generation, int *timer);

/* The reason of a failed ask for a message, such as "no queued-signal slot was
 * left". Static. */
const char *evprof_ask_refusal(int status);

/* Which loss a failed ask is that was refused for this reason. */
enum evprof_loss evprof_ask_loss(const char *refusal);

/* Deletes the timer; its signal may still arrive. -1 is ignored. */
void evprof_ask_end(int timer);

/*
 * Asks a thread by a signal even if it sleeps, which ends some system calls
 * with EINTR; only where `ask_sleepers` allows it. Statuses as above.
 */
int evprof_ask_sleeper(enum evprof_tap_kind kind, evprof_thread_t *thread,
                       uint32_t generation);

/*
 * Has a thread that runs record what its CPU timer has not told of yet. The
 * caller has seen that it does not sleep; one that falls asleep before the
 * signal is there may have its call ended. Statuses as above.
 */
int evprof_ask_overdue(evprof_thread_t *thread, uint32_t generation);

#endif
