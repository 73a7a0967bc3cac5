/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/learn_objects.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/runtime/errand.h"
#include "core/unwind/unwind.h"

/* Code that can never be learnt, such as that of another namespace, is met over
 * and over. */
#define PAUSE_NS ((int64_t)1000000000)

static void learn(evprof_work_t *task);

static evprof_errand_t learning = EVPROF_ERRAND(learn);
static _Atomic int64_t learnt_ns;

/* A failure costs only speed: such code is walked too. */
static void
learn(evprof_work_t *task)
{
    (void)task;
    (void)evprof_unwind_refresh();
    atomic_store(&learnt_ns, evprof_worker_now());
    evprof_errand_done(&learning);
}

static void
ask(void)
{
    evprof_errand_ask(&learning, atomic_load(&learnt_ns) + PAUSE_NS);
}

void
evprof_learning_begin(void)
{
    evprof_errand_begin(&learning);
    evprof_unwind_set_learner(ask);
}

void
evprof_learning_end(void)
{
    evprof_unwind_set_learner(NULL);
    evprof_errand_end(&learning);
}

void
evprof_learning_fork_child(void)
{
    evprof_errand_fork_child(&learning);
}
