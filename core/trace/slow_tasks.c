/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of tasks count up, so the open tasks are among the latest and a ring
 * of those is enough. When more tasks are open at once than the ring has
 * places, the oldest are not noticed.
 */
#include "core/trace/slow_tasks.h"

#include <stdatomic.h>
#include <stddef.h>

#define PLACES 4096u

typedef struct place {
    uint64_t task; /* 0: free */
    int64_t ns;
} place_t;

typedef void tell_fn(void);

static struct {
    _Atomic int64_t ns;
    _Atomic(tell_fn *) tell; /* NULL: nobody asks; set after `ns` */
    place_t places[PLACES];
} slow;

void
evprof_trace_slow_watch(int64_t ns, void (*tell)(void))
{
    atomic_store(&slow.ns, ns);
    atomic_store(&slow.tell, tell);
}

void
evprof_trace_slow_begin(uint64_t task, uint64_t parent, int64_t ns)
{
    if (atomic_load(&slow.tell) != NULL && parent == 0) {
        slow.places[task % PLACES] = (place_t){ .task = task, .ns = ns };
    }
}

void
evprof_trace_slow_end(uint64_t task, int64_t ns)
{
    place_t *place = &slow.places[task % PLACES];
    tell_fn *tell = atomic_load(&slow.tell);
    if (tell != NULL && place->task == task) {
        if (ns - place->ns >= atomic_load(&slow.ns)) {
            tell();
        }
        place->task = 0;
    }
}
