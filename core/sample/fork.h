/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_FORK_H
#define EVPROF_SAMPLE_FORK_H

/*
 * For pthread_atfork(). Prepare holds SIGPROF back in the calling thread, so
 * that no expiry makes the kernel start the fork over again and again, and
 * takes the one lock that is needed; the parent undoes both. The child has one
 * thread and no timers: nothing is sampled in it, and it may start profiles of
 * its own.
 */
void evprof_sample_fork_prepare(void);
void evprof_sample_fork_parent(void);
void evprof_sample_fork_child(void);

#endif
