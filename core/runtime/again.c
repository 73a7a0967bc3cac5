/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/again.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/base/lock.h"
#include "core/runtime/service.h"
#include "core/runtime/worker.h"

static struct {
    evprof_lock_t lock; /* guards the next four */
    void (*begin)(void *ctx);
    void *ctx;
    bool is_posted; /* the task is queued, or runs */
    bool is_due;    /* what ended with the fork has not begun since */
    evprof_work_t task;
} again;

/* A reload may have switched the module off meanwhile, or on anew, by which it
 * has begun. It does neither while this runs, as that happens on the worker
 * too, or when there is none. */
static void
run(evprof_work_t *task)
{
    (void)task;
    evprof_lock_enter(&again.lock);
    void (*begin)(void *ctx) = again.is_due ? again.begin : NULL;
    void *ctx = again.ctx;
    again.is_posted = false;
    again.is_due = false;
    evprof_lock_leave(&again.lock);
    if (begin != NULL) {
        begin(ctx);
    }
}

static void
in_child(void)
{
    evprof_lock_reset(&again.lock);
    again.task = (evprof_work_t){ .run = run };
    again.is_due = true;
    again.is_posted =
        again.begin != NULL &&
        evprof_worker_post(&again.task,
                           evprof_worker_now() + EVPROF_SERVICE_CHILD_WAIT_NS,
                           NULL) == EVPROF_OK;
}

int
evprof_again_in_child(void (*begin)(void *ctx), void *ctx, evprof_error_t *err)
{
    evprof_lock_enter(&again.lock);
    again.begin = begin;
    again.ctx = ctx;
    again.is_due = false;
    evprof_lock_leave(&again.lock);
    return begin == NULL ? EVPROF_OK : evprof_service_in_child(in_child, err);
}

void
evprof_again_end(void)
{
    evprof_lock_enter(&again.lock);
    again.begin = NULL;
    bool is_posted = again.is_posted;
    evprof_lock_leave(&again.lock);
    if (is_posted) {
        evprof_worker_hurry(&again.task);
    }
}
