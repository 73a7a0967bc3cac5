/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_LIMIT_H
#define EVPROF_PROFILE_LIMIT_H

#include "core/profile/pprof.h"

/*
 * Bounds the number of samples, for receivers that take only so many: the
 * largest samples stay and the others are added up in one, so that totals stay
 * exact.
 */

/* The name of the one frame of that sample. */
#define EVPROF_FOLDED "[beyond max_samples]"

/*
 * Leaves at most `max` (> 1) samples, the largest by the column that viewers
 * show first. Returns how many were folded into the last sample; out of memory
 * none is.
 */
size_t evprof_pprof_fold(evprof_pprof_t *p, size_t max);

/* Gives the last sample its frame; to be called after the others have their
 * names. EVPROF_ENOMEM. */
int evprof_pprof_mark_folded(evprof_pprof_t *p);

/* Drops locations without a sample, which a difference leaves behind; to be
 * called before locations have names. EVPROF_ENOMEM: all are still there. */
int evprof_pprof_drop_unused(evprof_pprof_t *p);

#endif
