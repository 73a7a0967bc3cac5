/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_FORK_H
#define EVPROF_SAMPLE_FORK_H

#include <stdbool.h>

/*
 * For pthread_atfork(). Prepare holds SIGPROF back in the calling thread, so
 * that no expiry makes the kernel start the fork over again and again; the
 * parent undoes that. The child has one thread and no timers: nothing is
 * sampled in it, and it may start profiles of its own.
 */
void evprof_sample_fork_prepare(void);
void evprof_sample_fork_parent(void);
void evprof_sample_fork_child(void);

/*
 * For whoever may be called in a child before the hook above: true when that
 * was so and everything is mended now, locks that nobody is left to give back
 * among them.
 */
bool evprof_sample_fork_mend(void);

#endif
