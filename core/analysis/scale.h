/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_SCALE_H
#define EVPROF_ANALYSIS_SCALE_H

#include "core/profile/pprof.h"

/*
 * Arithmetic on the values of a profile, in place. Samples that become zero in
 * every column are dropped, when anything was scaled at all.
 */

/* Multiplies column i by ratios[i] (type_count of them) and rounds. */
void evprof_pprof_scale(evprof_pprof_t *p, const double *ratios);

/* Multiplies all by -1, for what a base takes away. */
void evprof_pprof_negate(evprof_pprof_t *p);

/*
 * Scales each column so that its sum is that of `base`; a column that sums to
 * zero becomes zero. EVPROF_EINVAL: other columns or period type;
 * EVPROF_ENOMEM.
 */
int evprof_pprof_normalize(evprof_pprof_t *p, const evprof_pprof_t *base,
                           evprof_error_t *err);

/* Gives every sample the text label, instead of what it had under that key.
 * EVPROF_ENOMEM. */
int evprof_pprof_set_label(evprof_pprof_t *p, const char *key,
                           const char *text);

#endif
