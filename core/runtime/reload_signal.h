/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_RELOAD_SIGNAL_H
#define EVPROF_RUNTIME_RELOAD_SIGNAL_H

#include <evprof/evprof.h>

/*
 * Blocks `signal` in the calling thread, and so in those that it will make, and
 * has a thread of ours reload when it comes. 0: nothing to do. EVPROF_ESTATE:
 * another thread does not block it, or the application handles it; EVPROF_EIO;
 * EVPROF_ENOMEM.
 */
int evprof_reload_signal_start(evprof_t *prof, int signal, evprof_error_t *err);

/* Ends that; the signal stays blocked. Not from the thread itself. */
void evprof_reload_signal_stop(void);

/* In the child of a fork: there is no thread, the next ensure makes one. */
void evprof_reload_signal_fork_child(void);

/* Makes the thread again that a fork has lost; cheap when there is one. */
void evprof_reload_signal_ensure(void);

#endif
