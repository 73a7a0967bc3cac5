/* SPDX-License-Identifier: Apache-2.0 */
/* The lock is never held while the worker runs the task, which takes it. */
#include "core/runtime/errand.h"

#include <stddef.h>

#include <evprof/status.h>

void
evprof_errand_begin(evprof_errand_t *errand)
{
    evprof_lock_enter(&errand->lock);
    errand->is_on = true;
    evprof_lock_leave(&errand->lock);
}

void
evprof_errand_end(evprof_errand_t *errand)
{
    evprof_lock_enter(&errand->lock);
    errand->is_on = false;
    bool is_queued = errand->is_queued;
    evprof_lock_leave(&errand->lock);
    if (is_queued) {
        evprof_worker_hurry(&errand->task);
    }
}

void
evprof_errand_ask(evprof_errand_t *errand, int64_t due_ns)
{
    evprof_lock_enter(&errand->lock);
    if (errand->is_on && !errand->is_queued) {
        errand->is_queued =
            evprof_worker_post(&errand->task, due_ns, NULL) == EVPROF_OK;
    }
    evprof_lock_leave(&errand->lock);
}

void
evprof_errand_done(evprof_errand_t *errand)
{
    evprof_lock_enter(&errand->lock);
    errand->is_queued = false;
    evprof_lock_leave(&errand->lock);
}

void
evprof_errand_fork_child(evprof_errand_t *errand)
{
    evprof_lock_reset(&errand->lock);
    errand->task = (evprof_work_t){ .run = errand->task.run };
    errand->is_queued = false;
}
