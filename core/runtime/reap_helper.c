/* SPDX-License-Identifier: Apache-2.0 */
/* An errand that asks for itself again for as long as the helper runs. */
#include "core/runtime/reap_helper.h"

#include "core/runtime/errand.h"
#include "core/runtime/symbols.h"

static void run(evprof_work_t *task);

static evprof_errand_t reaping = EVPROF_ERRAND(run);
static int64_t pause_between_ns;

static void
run(evprof_work_t *task)
{
    (void)task;
    bool is_running = evprof_symbols_reap();
    evprof_errand_done(&reaping);
    if (is_running) {
        evprof_reaping_ask();
    }
}

void
evprof_reaping_ask(void)
{
    evprof_errand_ask(&reaping, evprof_worker_now() + pause_between_ns);
}

void
evprof_reaping_begin(int64_t pause_ns)
{
    pause_between_ns = pause_ns;
    evprof_errand_begin(&reaping);
}

void
evprof_reaping_end(void)
{
    evprof_errand_end(&reaping);
}

void
evprof_reaping_fork_child(void)
{
    evprof_errand_fork_child(&reaping);
}
