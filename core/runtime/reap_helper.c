/* SPDX-License-Identifier: Apache-2.0 */
/* One task, which queues itself anew for as long as the helper runs. */
#include "core/runtime/reap_helper.h"

#include <stdbool.h>

#include <evprof/status.h>

#include "core/base/lock.h"
#include "core/runtime/symbols.h"
#include "core/runtime/worker.h"

static struct {
    evprof_lock_t lock; /* guards all below */
    evprof_work_t task;
    bool is_on;
    bool is_queued; /* or runs */
    int64_t pause_ns;
} reaping;

static void
run(evprof_work_t *task)
{
    (void)task;
    bool is_running = evprof_symbols_reap();
    evprof_lock_enter(&reaping.lock);
    reaping.is_queued = false;
    evprof_lock_leave(&reaping.lock);
    if (is_running) {
        evprof_reaping_ask();
    }
}

void
evprof_reaping_ask(void)
{
    evprof_lock_enter(&reaping.lock);
    if (reaping.is_on && !reaping.is_queued) {
        reaping.task = (evprof_work_t){ .run = run };
        reaping.is_queued =
            evprof_worker_post(&reaping.task,
                               evprof_worker_now() + reaping.pause_ns,
                               NULL) == EVPROF_OK;
    }
    evprof_lock_leave(&reaping.lock);
}

void
evprof_reaping_begin(int64_t pause_ns)
{
    evprof_lock_enter(&reaping.lock);
    reaping.is_on = true;
    reaping.pause_ns = pause_ns;
    evprof_lock_leave(&reaping.lock);
}

void
evprof_reaping_end(void)
{
    evprof_lock_enter(&reaping.lock);
    reaping.is_on = false;
    bool is_queued = reaping.is_queued;
    evprof_lock_leave(&reaping.lock);
    if (is_queued) {
        evprof_worker_hurry(&reaping.task);
    }
}

void
evprof_reaping_fork_child(void)
{
    evprof_lock_reset(&reaping.lock);
    reaping.is_queued = false;
}
