/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_HEAP_SERVICES_H
#define EVPROF_RUNTIME_HEAP_SERVICES_H

#include "core/heap/heap.h"

/* What the runtime offers core/heap: the process's symbolizer and the worker's
 * queue. For evprof_heap_open(). */
extern const evprof_heap_services_t evprof_runtime_heap_services;

#endif
