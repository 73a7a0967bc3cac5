/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork() is not wrapped, since libc calls the handlers of pthread_atfork().
 * They run in the order of registration, or in reverse before the fork;
 * core/sample/fork.c says why ours may run before or after those of others.
 */
#include <pthread.h>

#include "core/sample/fork.h"

__attribute__((constructor)) static void
watch_forks(void)
{
    (void)pthread_atfork(evprof_sample_fork_prepare, evprof_sample_fork_parent,
                         evprof_sample_fork_child);
}
