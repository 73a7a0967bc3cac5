/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_EMIT_H
#define EVPROF_TRACE_EMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Switches of the recorder: the session that threads write events for (0:
 * none), and whether waits and threads are watched.
 */
extern _Atomic uint32_t evprof_trace_session
    __attribute__((visibility("hidden")));

/* The only cost of a call while no trace is recorded is this load. */
static inline uint32_t
evprof_trace_now(void)
{
    return atomic_load_explicit(&evprof_trace_session, memory_order_relaxed);
}

/* Switches on or off whether waits, wakes, and beginnings and ends of threads
 * are written as events. */
void evprof_trace_watch(bool is_on);

#endif
