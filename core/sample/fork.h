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

/* Ends in the parent what prepare began. */
void evprof_sample_fork_parent(void);

/* In the child: the hooks run, and SIGPROF comes through again. */
void evprof_sample_fork_child(void);

/*
 * A hook of a file whose data a fork leaves inconsistent: `child` repairs it in
 * the child, which has one thread; it takes no lock and allocates nothing.
 * Hooks of a lower rank run first. Hooks are static and added by constructors.
 */
enum evprof_fork_rank {
    EVPROF_FORK_LOOKS,   /* at what others will make new */
    EVPROF_FORK_USERS,   /* of records of threads */
    EVPROF_FORK_RECORDS, /* of threads themselves */
};
typedef struct evprof_fork_hook {
    void (*child)(void);
    enum evprof_fork_rank rank;
    struct evprof_fork_hook *next;
} evprof_fork_hook_t;

/* Adds a hook, which is static. Before main(), in constructors. */
void evprof_sample_on_fork(evprof_fork_hook_t *hook);

/*
 * For code that may run in a child before the hook above: repairs the state
 * then, resets locks whose holders do not exist in the child, and returns true.
 * False: there was nothing to repair.
 */
bool evprof_sample_fork_mend(void);

#endif
