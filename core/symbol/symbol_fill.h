/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SYMBOL_FILL_H
#define EVPROF_SYMBOL_SYMBOL_FILL_H

/*
 * Writing what was found into a profile: mappings, one function a (name, file,
 * start line), the lines of locations, and what each mapping may claim to have.
 */

#include "core/base/index.h"
#include "core/objects/objects.h"
#include "core/profile/pprof.h"
#include "core/symbol/symbol_cache.h"

typedef struct evprof_symbol_fill {
    evprof_pprof_t *p;
    size_t first_mapping;          /* of ours in the profile */
    bool is_strict;                /* names are the linker's, no better ones */
    uint32_t *mapping_of;          /* by object: index of its mapping */
    evprof_index_t function_index; /* row = index of `functions` */
    evprof_function_t
        *functions; /* grows here, moves to the arena at the end */
    size_t function_count;
    size_t function_cap;
} evprof_symbol_fill_t;

/*
 * Adds the mappings, the main program's first; objects that are gone get one
 * only where `is_used` (by object) says that there are samples in them.
 * EVPROF_ENOMEM.
 */
int evprof_symbol_fill_begin(evprof_symbol_fill_t *fill,
                             const evprof_objects_t *objects,
                             const bool *is_used, evprof_pprof_t *p);

/* For a profile that has its mappings already; their flags stay as they are. */
void evprof_symbol_fill_start(evprof_symbol_fill_t *fill, bool is_strict,
                              evprof_pprof_t *p);

/* Gives a location its lines; `symbol` may be NULL or empty. EVPROF_ENOMEM. */
int evprof_symbol_fill(evprof_symbol_fill_t *fill, uint32_t location,
                       const evprof_symbol_t *symbol);

/* Moves the functions to the profile and sets the mappings' claims. */
int evprof_symbol_fill_end(evprof_symbol_fill_t *fill);

/* Frees the fill's own memory, also after a failure. */
void evprof_symbol_fill_free(evprof_symbol_fill_t *fill);

#endif
