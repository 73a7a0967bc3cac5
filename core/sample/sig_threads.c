/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal path. From an index to a thread's record: chunks are published with
 * release and never unmapped, so a load is all it takes.
 */
#include "core/sample/sig_threads.h"

_Atomic(evprof_thread_t *) evprof_thread_chunks[EVPROF_THREAD_CHUNKS];
_Atomic uint32_t evprof_thread_end;

evprof_thread_t *
evprof_thread_at(uint32_t index)
{
    /* Acquire pairs with the release of add_record(). */
    if (index >=
        atomic_load_explicit(&evprof_thread_end, memory_order_acquire)) {
        return NULL;
    }
    evprof_thread_t *chunk =
        atomic_load_explicit(&evprof_thread_chunks[index / EVPROF_THREAD_CHUNK],
                             memory_order_acquire);
    return &chunk[index % EVPROF_THREAD_CHUNK];
}
