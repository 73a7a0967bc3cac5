/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_EMIT_H
#define EVPROF_TRACE_EMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What the recorder switches: the session that threads write events for, 0 for
 * none, and the watching of waits and threads.
 */
extern _Atomic uint32_t evprof_trace_session
    __attribute__((visibility("hidden")));

/* The one look of every call that does nothing while no trace is recorded. */
static inline uint32_t
evprof_trace_now(void)
{
    return atomic_load_explicit(&evprof_trace_session, memory_order_relaxed);
}

/* Has waits, wakes, beginnings and ends of threads written as events, or no
 * longer. */
void evprof_trace_watch(bool is_on);

#endif
