/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_DRAINER_H
#define EVPROF_SAMPLE_DRAINER_H

/*
 * The drainer: a thread that empties the rings into the sinks of the taps. It
 * exists while a tap is open. It sleeps longer the less it finds, and a writer
 * wakes it when a ring is half full.
 */

#include <stdbool.h>

#include "core/sample/sig_ring.h"

/* The pause between two looks at the rings; it doubles up to the maximum while
 * they are empty. */
#define EVPROF_DRAIN_TICK_NS 20000000L
#define EVPROF_DRAIN_TICK_MAX_NS 160000000L

/*
 * Starts the thread; `take` gets every record, `tick` is called after each
 * emptying. EVPROF_EIO: no thread could be made. Under the lock of the taps.
 */
int evprof_drainer_start(void (*take)(const evprof_record_t *record),
                         void (*tick)(void));

/* Empties the rings a last time and ends the thread. */
void evprof_drainer_stop(void);

/* Empties the rings on the calling thread. */
void evprof_drainer_flush(void);

/* In the child of a fork, before the call below: whether no sink was running in
 * the parent at the fork, so that the data of sinks is consistent. */
bool evprof_drainer_was_idle(void);

/* In the child of a fork: there is no thread, the rings are empty. */
void evprof_drainer_fork_child(void);

#endif
