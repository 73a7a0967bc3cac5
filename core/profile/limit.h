/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_LIMIT_H
#define EVPROF_PROFILE_LIMIT_H

#include "core/profile/pprof.h"

/*
 * For engines that take only so many samples: the largest ones stay, the others
 * become one, so that totals are exact.
 */

/* The one frame of what was folded. */
#define EVPROF_FOLDED "[beyond max_samples]"

/*
 * Leaves at most `max` (> 1) samples, by the column that viewers show first;
 * how many were folded, the last sample being what they came to. Without memory
 * nothing is folded.
 */
size_t evprof_pprof_fold(evprof_pprof_t *p, size_t max);

/* Gives the last sample that frame, when the others have their names.
 * EVPROF_ENOMEM. */
int evprof_pprof_mark_folded(evprof_pprof_t *p);

/* Drops the locations that no sample has, as a difference leaves them; before
 * they have names. EVPROF_ENOMEM: they are all still there. */
int evprof_pprof_drop_unused(evprof_pprof_t *p);

#endif
