/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_PLAIN_TEXTS_H
#define EVPROF_ANALYSIS_PLAIN_TEXTS_H

#include "core/profile/pprof.h"

/* Makes texts of a profile safe to print, as core/base/visible.h says. Texts
 * that filters compare are changed only after the filters. */

/* Sample types, mappings and comments. EVPROF_ENOMEM. */
int evprof_pprof_plain_header(evprof_pprof_t *p);

/* Functions and labels. EVPROF_ENOMEM. */
int evprof_pprof_plain_samples(evprof_pprof_t *p);

#endif
