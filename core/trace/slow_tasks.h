/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_SLOW_TASKS_H
#define EVPROF_TRACE_SLOW_TASKS_H

#include <stdint.h>

/* Notices tasks that took long, by the events of their beginning and end. */

/* Has `tell` called for each task without a parent that took at least `ns`,
 * when its end reaches the collector, on the collector's thread; NULL: not. It
 * must not wait. Set while nobody records. */
void evprof_trace_slow_watch(int64_t ns, void (*tell)(void));

/* A task begins. Collector only. */
void evprof_trace_slow_begin(uint64_t task, uint64_t parent, int64_t ns);

/* A task ends; `tell` is called if it took long. Collector only. */
void evprof_trace_slow_end(uint64_t task, int64_t ns);

#endif
