/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_NAMING_H
#define EVPROF_ANALYSIS_NAMING_H

/*
 * Names the addresses of a profile without names, from a source that has only
 * names: a server, or a table before the profile. The first failure is kept:
 * later calls do nothing, and the end reports it.
 */

#include "core/analysis/lines.h"
#include "core/base/index.h"
#include "core/profile/pprof.h"

/* The most names of one address. */
#define EVPROF_NAMING_MAX 64

typedef struct evprof_naming {
    evprof_pprof_t *profile;
    evprof_function_t *functions; /* new ones, from malloc */
    size_t count;
    size_t cap;
    evprof_index_t index; /* of `functions` by name */
    int status;
} evprof_naming_t;

/* Begins to name the addresses of `p`, which must outlive it.
 * evprof_naming_end() must end it in any case. */
void evprof_naming_begin(evprof_naming_t *n, evprof_pprof_t *p);

/* Gives the location at that row those names, inlined functions first; lines
 * that it has are replaced. */
void evprof_naming_set(evprof_naming_t *n, uint32_t location,
                       const evprof_span_t *names, size_t count);

/* Moves the functions into the profile. EVPROF_ENOMEM. */
int evprof_naming_end(evprof_naming_t *n);

#endif
