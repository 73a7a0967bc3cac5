/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_JEMALLOC_HOOK_H
#define EVPROF_HEAP_JEMALLOC_HOOK_H

/*
 * What jemalloc calls for the stack of a sampled allocation. jemalloc never
 * forgets a stack as long as it counts what was allocated there, so the number
 * of distinct ones is bounded here: beyond `max_stacks` a new stack is handed
 * over shortened, with evprof_heap_more_stacks() as its outermost frame.
 * Nothing is lost from the totals.
 */

#include <stddef.h>

#include <evprof/export.h>

#include "core/heap/jemalloc.h"

typedef void (*evprof_jemalloc_hook_fn)(void **vec, unsigned *len,
                                        unsigned max_len);

/* jemalloc's `prof_backtrace` hook. Runs inside malloc on any thread. */
void evprof_jemalloc_hook(void **vec, unsigned *len, unsigned max_len);

/* Makes the hook ready: before it is given to jemalloc. EVPROF_ENOMEM. */
int evprof_jemalloc_hook_prepare(const evprof_unwinder_t *unwinder,
                                 size_t max_stacks);

/* MT-Safe. */
void evprof_jemalloc_hook_stats(evprof_jemalloc_stats_t *out);

/* Never called: the frame that replaces those which were cut off. Exported, so
 * that it has a name in a stripped library too. */
EVPROF_API void evprof_heap_more_stacks(void);

#endif
