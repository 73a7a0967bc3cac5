/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SYMBOL_FILL_H
#define EVPROF_SYMBOL_SYMBOL_FILL_H

/*
 * Writes answers into a profile: mappings, one function for each (name, file,
 * start line), the lines of locations, and the has_* flags of mappings.
 */

#include "core/base/index.h"
#include "core/objects/objects.h"
#include "core/profile/pprof.h"
#include "core/symbol/symbol_cache.h"

typedef struct evprof_symbol_fill {
    evprof_pprof_t *p;
    size_t first_mapping; /* index of the first mapping added here */
    bool is_strict;       /* keep the linker's names */
    /* By object: index of its mapping in the profile. */
    uint32_t *mapping_of;
    evprof_index_t function_index; /* row = index of `functions` */
    evprof_function_t
        *functions; /* grows here, moves to the arena at the end */
    size_t function_count;
    size_t function_cap;
} evprof_symbol_fill_t;

/*
 * Adds the mappings, that of the main program first. An unloaded object gets
 * one only where `is_used` (by object) says that samples are in it.
 * EVPROF_ENOMEM.
 */
int evprof_symbol_fill_begin(evprof_symbol_fill_t *fill,
                             const evprof_objects_t *objects,
                             const bool *is_used, evprof_pprof_t *p);

/* Begins for a profile that has its mappings; their flags are not changed. */
void evprof_symbol_fill_start(evprof_symbol_fill_t *fill, bool is_strict,
                              evprof_pprof_t *p);

/* Sets the lines of a location; `symbol` may be NULL or have no frames.
 * EVPROF_ENOMEM. */
int evprof_symbol_fill(evprof_symbol_fill_t *fill, uint32_t location,
                       const evprof_symbol_t *symbol);

/* Moves the functions to the profile and sets the flags of the added mappings.
 * EVPROF_ENOMEM. */
int evprof_symbol_fill_end(evprof_symbol_fill_t *fill);

/* Frees the memory of the fill; for use after a failure too. */
void evprof_symbol_fill_free(evprof_symbol_fill_t *fill);

#endif
