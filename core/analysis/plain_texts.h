/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_PLAIN_TEXTS_H
#define EVPROF_ANALYSIS_PLAIN_TEXTS_H

#include "core/profile/pprof.h"

/* Makes texts of a profile safe to look at, as core/base/visible.h has it. What
 * filters compare with expressions is changed after them. */

/* Sample types, mappings and comments. EVPROF_ENOMEM. */
int evprof_pprof_plain_header(evprof_pprof_t *p);

/* Functions and labels. EVPROF_ENOMEM. */
int evprof_pprof_plain_samples(evprof_pprof_t *p);

#endif
