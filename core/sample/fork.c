/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child inherits memory in whatever state the parent's threads had left it.
 * Only the registry of threads is taken over, which is why its lock is held
 * during the fork; that lock's holders never allocate, so waiting for it cannot
 * meet the locks that an allocator takes for a fork. Everything else is
 * forgotten, and nothing is freed here: an allocator's own hook may come later.
 */
#include "core/sample/fork.h"

#include <pthread.h>
#include <signal.h>

#include "core/sample/contention.h"
#include "core/sample/cpu.h"
#include "core/sample/dump.h"
#include "core/sample/tap.h"
#include "core/sample/threads.h"
#include "core/sample/wall.h"

/* The signal mask to go back to; forks are serialised by the registry's lock.
 */
static sigset_t mask_before;

void
evprof_sample_fork_prepare(void)
{
    sigset_t sigprof;
    sigset_t before;
    sigemptyset(&sigprof);
    sigaddset(&sigprof, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &sigprof, &before);
    evprof_thread_fork_prepare();
    mask_before = before;
}

void
evprof_sample_fork_parent(void)
{
    const sigset_t before = mask_before;
    evprof_thread_fork_parent();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
evprof_sample_fork_child(void)
{
    const sigset_t before = mask_before;
    evprof_cpu_fork_child();
    evprof_tap_fork_child();
    evprof_contention_fork_child();
    evprof_dump_fork_child();
    evprof_wall_fork_child();
    evprof_thread_fork_child();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
