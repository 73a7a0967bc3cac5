/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SETTLE_EPOCHS_H
#define EVPROF_SYMBOL_SETTLE_EPOCHS_H

/*
 * From addresses at the time a stack was taken to addresses of a snapshot: the
 * marks of core/objects/epoch.h are taken out, and code of objects that are
 * gone gets the addresses that the snapshot gives it.
 */

#include "core/objects/objects.h"
#include "core/profile/pprof.h"

/* Changes the profile, which has locations by address and no mappings yet;
 * `*vague` is how many of its samples may have been settled wrongly.
 * EVPROF_ENOMEM. */
int evprof_symbol_settle(const evprof_objects_t *objects, evprof_pprof_t *p,
                         size_t *vague);

#endif
