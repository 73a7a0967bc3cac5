/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child inherits memory in whatever state the parent's threads had left it.
 * Who has something to put in order leaves a hook: the registry of threads is
 * made anew from its records, everything else is forgotten, and nothing is
 * freed here: an allocator's own hook may come later.
 *
 * No lock is held during a fork. Hooks of others run before and after ours, and
 * they may take locks, allocate and make threads: in the parent they could wait
 * for what we hold, and in the child they come upon what was left behind. So
 * the child is mended by whoever comes first, our hook or a call that such a
 * hook makes.
 */
#include "core/sample/fork.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/lock.h"

/* The process that the calling thread is forking; 0: it forks none. */
static _Thread_local pid_t parent __attribute__((tls_model("initial-exec")));
static _Thread_local bool held_sigprof_back
    __attribute__((tls_model("initial-exec")));

static evprof_fork_hook_t *hooks; /* by rank */

void
evprof_sample_on_fork(evprof_fork_hook_t *hook)
{
    evprof_fork_hook_t **at = &hooks;
    while (*at != NULL && (*at)->rank <= hook->rank) {
        at = &(*at)->next;
    }
    hook->next = *at;
    *at = hook;
}

static void
hold_sigprof(int how, sigset_t *before)
{
    sigset_t sigprof;
    sigemptyset(&sigprof);
    sigaddset(&sigprof, SIGPROF);
    pthread_sigmask(how, &sigprof, before);
}

void
evprof_sample_fork_prepare(void)
{
    sigset_t before;
    hold_sigprof(SIG_BLOCK, &before);
    held_sigprof_back = sigismember(&before, SIGPROF) == 1;
    evprof_lock_on_wait(evprof_sample_fork_mend);
    parent = getpid();
}

void
evprof_sample_fork_parent(void)
{
    parent = 0;
    if (!held_sigprof_back) {
        hold_sigprof(SIG_UNBLOCK, NULL);
    }
}

bool
evprof_sample_fork_mend(void)
{
    if (parent == 0 || parent == getpid()) {
        return false;
    }
    parent = 0;
    for (evprof_fork_hook_t *hook = hooks; hook != NULL; hook = hook->next) {
        hook->child();
    }
    return true;
}

void
evprof_sample_fork_child(void)
{
    (void)evprof_sample_fork_mend();
    if (!held_sigprof_back) {
        hold_sigprof(SIG_UNBLOCK, NULL);
    }
}
