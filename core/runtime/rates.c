/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rates of the block and mutex profiles as the application sets them. They
 * belong to the process; a profile that is switched off keeps its rate at 0.
 */
#include <evprof/evprof.h>

#include "core/runtime/catalog.h"
#include "core/sample/contention.h"

static bool
is_on(evprof_t *prof, const char *name)
{
    evprof_entry_t entry;
    return prof != NULL && evprof_is_open(prof) &&
           evprof_catalog_find(prof, name, &entry) && entry.is_on;
}

int
evprof_set_block_rate(evprof_t *prof, long ns)
{
    if (!is_on(prof, "block")) {
        return EVPROF_EOFF;
    }
    evprof_contention_set_block_rate(ns);
    return EVPROF_OK;
}

int
evprof_set_mutex_fraction(evprof_t *prof, int fraction)
{
    if (!is_on(prof, "mutex")) {
        return fraction < 0 ? 0 : EVPROF_EOFF;
    }
    return evprof_contention_set_mutex_fraction(fraction);
}
