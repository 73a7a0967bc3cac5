/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_MERGE_H
#define EVPROF_ANALYSIS_MERGE_H

#include "core/profile/pprof.h"

/*
 * Many profiles as one. Samples are equal when their stacks and labels are;
 * locations when they have the same place in the same mapping and the same
 * lines; mappings when size, offset and build id (else file) agree, whatever
 * address they were loaded at. What is left has no zero samples and nothing
 * that no sample uses, in the order of first use; the first mapping stays
 * first.
 */

/*
 * Adds up `count` (> 0) profiles with the same columns and period type into a
 * new one, on all processors where that pays. The sources stay as they are.
 * EVPROF_EINVAL: they do not fit together; EVPROF_ENOMEM.
 */
int evprof_pprof_merge(evprof_pprof_t *const *sources, size_t count,
                       evprof_pprof_t **out, evprof_error_t *err);

/*
 * The same for sources that come one after another, on the caller's thread, so
 * that each can be freed as soon as it was added.
 */
typedef struct evprof_merging evprof_merging_t;

/* NULL: out of memory. Ends with evprof_merging_end(). */
evprof_merging_t *evprof_merging_new(void);

/* Adds a source, which stays as it is. EVPROF_EINVAL: it does not fit the ones
 * before, and nothing has changed; EVPROF_ENOMEM: this one and the end fail. */
int evprof_merging_add(evprof_merging_t *m, evprof_pprof_t *source,
                       evprof_error_t *err);

/* Frees `m` and hands out the merged profile; at least one source must have
 * been added. EVPROF_ENOMEM. */
int evprof_merging_end(evprof_merging_t *m, evprof_pprof_t **out,
                       evprof_error_t *err);

/*
 * What pprof does with its sources: keeps the columns all of them have, brings
 * units to the finest, merges. Owns and frees the sources, also on failure; a
 * single one is handed back as it is. Statuses as above.
 */
int evprof_pprof_combine(evprof_pprof_t *const *sources, size_t count,
                         evprof_pprof_t **out, evprof_error_t *err);

/* Takes the columns out, in place, that not all of the profiles have.
 * EVPROF_EINVAL: none is left; EVPROF_ENOMEM. */
int evprof_pprof_keep_common_types(evprof_pprof_t *const *profiles,
                                   size_t count, evprof_error_t *err);

/* Scales each column to the finest unit that any of the profiles has, in place.
 * EVPROF_EINVAL: units that measure different things; EVPROF_ENOMEM. */
int evprof_pprof_unify_units(evprof_pprof_t *const *profiles, size_t count,
                             evprof_error_t *err);

#endif
