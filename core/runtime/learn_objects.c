/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/learn_objects.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/base/lock.h"
#include "core/runtime/worker.h"
#include "core/unwind/unwind.h"

/* Code that can never be learnt, such as that of another namespace, is met over
 * and over. */
#define PAUSE_NS ((int64_t)1000000000)

static struct {
    evprof_lock_t lock; /* guards all below */
    evprof_work_t task;
    bool is_on;
    bool is_asked; /* the task is queued or runs */
    int64_t learnt_ns;
} learning;

/* A failure costs only speed: such code is walked too. */
static void
learn(evprof_work_t *task)
{
    (void)task;
    (void)evprof_unwind_refresh();
    evprof_lock_enter(&learning.lock);
    learning.is_asked = false;
    learning.learnt_ns = evprof_worker_now();
    evprof_lock_leave(&learning.lock);
}

static void
ask(void)
{
    evprof_lock_enter(&learning.lock);
    if (learning.is_on && !learning.is_asked) {
        learning.task = (evprof_work_t){ .run = learn };
        learning.is_asked =
            evprof_worker_post(&learning.task, learning.learnt_ns + PAUSE_NS,
                               NULL) == EVPROF_OK;
    }
    evprof_lock_leave(&learning.lock);
}

void
evprof_learning_begin(void)
{
    evprof_lock_enter(&learning.lock);
    learning.is_on = true;
    evprof_lock_leave(&learning.lock);
    evprof_unwind_set_learner(ask);
}

void
evprof_learning_end(void)
{
    evprof_unwind_set_learner(NULL);
    evprof_lock_enter(&learning.lock);
    learning.is_on = false;
    bool is_asked = learning.is_asked;
    evprof_lock_leave(&learning.lock);
    if (is_asked) {
        evprof_worker_hurry(&learning.task);
    }
}

void
evprof_learning_fork_child(void)
{
    evprof_lock_reset(&learning.lock);
    learning.is_asked = false;
}
