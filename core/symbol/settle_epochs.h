/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SETTLE_EPOCHS_H
#define EVPROF_SYMBOL_SETTLE_EPOCHS_H

/*
 * Converts the addresses of a profile from the time each stack was taken to the
 * time of a snapshot of the loaded objects: the epoch marks
 * (core/objects/epoch.h) are removed, and code of unloaded objects gets the
 * addresses that the snapshot reserves for it.
 */

#include "core/objects/objects.h"
#include "core/profile/pprof.h"

/* Converts `p`, which has locations by address and no mappings yet. `*vague`
 * becomes the number of samples whose conversion may be wrong.
 * EVPROF_ENOMEM. */
int evprof_symbol_settle(const evprof_objects_t *objects, evprof_pprof_t *p,
                         size_t *vague);

#endif
