/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork is not wrapped: libc offers a place for those who must know. Its hooks
 * run in the order of their registration, or in the reverse of it before the
 * fork; see core/sample/fork.c for why ours can stand on either side of
 * others'.
 */
#include <pthread.h>

#include "core/sample/fork.h"

__attribute__((constructor)) static void
watch_forks(void)
{
    (void)pthread_atfork(evprof_sample_fork_prepare, evprof_sample_fork_parent,
                         evprof_sample_fork_child);
}
