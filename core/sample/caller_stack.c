/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks record the stack of their caller. How many frames of ours lie above it
 * depends on inlining, so the caller is found by the hook's return address.
 * When a walk does not meet that address, it went wrong, and the address alone
 * is the stack.
 */
#include "core/sample/caller_stack.h"

#include <stdatomic.h>
#include <string.h>

#include "core/sample/threads.h"
#include "core/unwind/unwind.h"

/* Frames of ours above the caller's, at most. */
#define OUR_FRAMES ((size_t)8)

static _Atomic(const evprof_unwinder_t *) unwinder;

int
evprof_here_prepare(void)
{
    const evprof_unwinder_t *found = evprof_unwinder_find("auto");
    int status = EVPROF_OK;
    if (atomic_load_explicit(&unwinder, memory_order_acquire) == NULL) {
        status = evprof_unwinder_prepare(found);
        atomic_store_explicit(&unwinder, found, memory_order_release);
    } else if (evprof_unwind_is_stale()) {
        status = evprof_unwind_refresh();
    }
    return status;
}

size_t
evprof_here(uintptr_t *pcs, const void *caller)
{
    uintptr_t walked[EVPROF_HERE_DEPTH + OUR_FRAMES];
    const evprof_thread_t *self = evprof_thread_self();
    evprof_walk_t walk = { .pcs = walked,
                           .max = EVPROF_HERE_DEPTH + OUR_FRAMES };
    if (self != NULL) {
        walk.bounds = self->bounds;
    }
    evprof_walk_here(atomic_load_explicit(&unwinder, memory_order_acquire),
                     &walk, 0);
    for (size_t i = 0; i < walk.count && i < OUR_FRAMES; i++) {
        /* cppcheck-suppress uninitvar; the walk has written that many */
        if (walked[i] == (uintptr_t)caller) {
            size_t count = walk.count - i < EVPROF_HERE_DEPTH
                               ? walk.count - i
                               : EVPROF_HERE_DEPTH;
            memcpy(pcs, walked + i, count * sizeof(*pcs));
            return count;
        }
    }
    pcs[0] = (uintptr_t)caller;
    return 1;
}
