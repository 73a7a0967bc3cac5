/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop that looks at profiles and their names is a visitor: evprof_free(),
 * which may run on another thread, waits until the last one has left. The
 * prefix is kept for ever, so that asking for it needs no visit.
 */
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"

bool
evprof_is_open(evprof_t *prof)
{
    return atomic_load(&prof->is_open);
}

bool
evprof_visit(evprof_t *prof)
{
    atomic_fetch_add(&prof->visitors, 1);
    if (atomic_load(&prof->is_open)) {
        return true;
    }
    evprof_leave(prof);
    return false;
}

void
evprof_leave(evprof_t *prof)
{
    if (atomic_fetch_sub(&prof->visitors, 1) == 1) {
        evprof_futex_wake(&prof->visitors);
    }
}

void
evprof_await_visitors(evprof_t *prof)
{
    uint32_t left = atomic_load(&prof->visitors);
    while (left != 0) {
        evprof_futex_wait(&prof->visitors, left, 0);
        left = atomic_load(&prof->visitors);
    }
}

const char *
evprof_prefix(evprof_t *prof)
{
    return atomic_load(&prof->prefix);
}
