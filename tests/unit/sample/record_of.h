/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SAMPLE_RECORD_OF_H
#define TESTS_UNIT_SAMPLE_RECORD_OF_H

#include "core/sample/threads.h"

/* The record of a living thread, NULL: it has none. */
static inline evprof_thread_t *
record_of(pid_t tid)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        evprof_thread_t *thread = evprof_thread_at(i);
        if (atomic_load(&thread->tid) == tid &&
            atomic_load(&thread->state) != EVPROF_THREAD_FREE) {
            return thread;
        }
    }
    return NULL;
}

#endif
