/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/evhttp/list_lock.h"

#include <pthread.h>

#include "core/base/lock.h"

static evprof_lock_t lock;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void
hold(void)
{
    evprof_lock_enter(&lock);
}

static void
release(void)
{
    evprof_lock_leave(&lock);
}

/* Registered after the core's fork handlers, so that a fork takes this lock
 * before theirs, which is also the order in which a cancel takes them. */
static void
watch_forks(void)
{
    pthread_atfork(hold, release, release);
}

void
evprof_lists_enter(void)
{
    pthread_once(&fork_once, watch_forks);
    hold();
}

void
evprof_lists_leave(void)
{
    release();
}
