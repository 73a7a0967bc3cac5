/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_PRUNE_H
#define EVPROF_ANALYSIS_PRUNE_H

#include "core/analysis/regex.h"
#include "core/base/buf.h"
#include "core/profile/pprof.h"

/* Cutting frames off the leaf end of stacks, in place. */

/* The same with the profile's own drop_frames and keep_frames, anchored. Does
 * nothing without them. EVPROF_EPARSE: they are no regexps; EVPROF_ENOMEM. */
int evprof_pprof_remove_uninteresting(evprof_pprof_t *p, evprof_error_t *err);

/* Cuts what is below the lowest frame that matches, which stays.
 * EVPROF_ENOMEM. */
int evprof_pprof_prune_from(evprof_pprof_t *p, evprof_regex_t *from);

/* The part of a function's name that pruning looks at: no leading dot, no
 * argument list. Writes its length to `len` and returns its start in `name`. */
const char *evprof_simplify_name(const char *name, size_t *len);

#endif
