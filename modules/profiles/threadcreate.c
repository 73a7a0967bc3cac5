/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the threads that live now were created. The wrapper of pthread_create
 * keeps the stack with the thread, so no thread is asked here. Threads that it
 * did not start (the first one, those of clone) have an empty stack, as in Go.
 * Frames of the C++ library at the leaf are left out: a program that uses
 * std::thread sees its own code there.
 */
#include <string.h>

#include <evprof/module.h>

#include "core/profile/loss.h"
#include "core/runtime/symbols.h"
#include "core/sample/bound_names.h"
#include "core/sample/hooks.h"
#include "core/sample/proc.h"
#include "core/sample/threads.h"

/* How many frames at the leaf are ours or the C++ library's; 0 where all are.
 */
static size_t
library_frames(const uintptr_t *pcs, size_t count)
{
    static const char prefix[] = "std::";
    size_t i = 0;
    while (i < count) {
        const uintptr_t pc = pcs[i] - 1;
        const char *name =
            evprof_is_hook(pc) ? prefix : evprof_symbols_name(pc);
        if (name == NULL || strncmp(name, prefix, sizeof(prefix) - 1) != 0) {
            return i;
        }
        i++;
    }
    return 0;
}

static int
add_thread(evprof_thread_t *thread, evprof_builder_t *out)
{
    uintptr_t pcs[EVPROF_THREAD_CREATOR_DEPTH];
    evprof_stack_t stack = { .pcs = pcs };
    const int64_t one = 1;
    stack.count =
        evprof_thread_creator(thread, pcs, EVPROF_THREAD_CREATOR_DEPTH);
    const size_t skip = library_frames(pcs, stack.count);
    stack.pcs += skip;
    stack.count -= skip;
    return evprof_builder_add(out, &stack, NULL, 0, &one);
}

static int
snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
         evprof_error_t *err)
{
    (void)state;
    (void)ask;
    (void)err;
    const evprof_lost_t unlisted = { .why = evprof_proc_missing_text };
    int status = evprof_thread_scan();
    if (status == EVPROF_EIO) {
        status = evprof_loss_say(out, EVPROF_LOSS_OF_THREADCREATE,
                                 EVPROF_LOSS_THREADS_UNLISTED, &unlisted);
    }
    if (status == EVPROF_OK) {
        status = evprof_say_unbound(out, EVPROF_LOSS_OF_THREADCREATE,
                                    "pthread_create");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "threadcreate", "count");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, "threadcreate", "count", 1);
    }
    evprof_builder_time(out, 0, 0);
    uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit && status == EVPROF_OK; i++) {
        evprof_thread_t *thread = evprof_thread_at(i);
        if (evprof_thread_is_application(thread)) {
            status = add_thread(thread, out);
        }
    }
    return status;
}

static long
count(void *state)
{
    (void)state;
    return evprof_thread_count_application();
}

const evprof_module_t evprof_profile_threadcreate = {
    .abi = EVPROF_MODULE_ABI,
    .name = "threadcreate",
    .summary = "Stacks that created the threads of now.",
    .flags = EVPROF_MODULE_DELTA,
    .snapshot = snapshot,
    .count = count,
};
