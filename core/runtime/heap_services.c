/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/heap lies below the runtime and is given what it needs from there: names
 * of functions for its texts, and a place in the worker's queue. A forked child
 * has an empty queue, so what its parent had posted does not count in the
 * child.
 */
#include "core/runtime/heap_services.h"

#include <unistd.h>

#include "core/runtime/symbols.h"
#include "core/runtime/worker.h"

static struct {
    evprof_work_t task;
    void (*run)(void);
    pid_t process; /* whose worker has the task */
} posted;

static void
run_posted(evprof_work_t *task)
{
    (void)task;
    posted.run();
}

static int
post(void (*run)(void), evprof_error_t *err)
{
    if (posted.task.is_queued && posted.process == getpid()) {
        return EVPROF_OK;
    }
    posted.process = getpid();
    posted.run = run;
    posted.task = (evprof_work_t){ .run = run_posted };
    return evprof_worker_post(&posted.task, 0, err);
}

const evprof_heap_services_t evprof_runtime_heap_services = {
    .name = evprof_symbols_name,
    .entry = evprof_symbols_entry,
    .symbolize = evprof_symbols_fill,
    .post = post,
};
