/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SYMBOLIZE_H
#define EVPROF_SYMBOL_SYMBOLIZE_H

/*
 * Gives the locations of a profile of this process their functions, files,
 * lines and inlined callers, from each object's symbol table and DWARF. A
 * helper program reads the DWARF; where it cannot run, lines are missing and a
 * comment in the profile says so. Runs on the worker thread; answers are cached
 * by object within a bound.
 */

#include <stdbool.h>

#include "core/objects/objects.h"
#include "core/profile/pprof.h"

typedef struct evprof_symbolizer evprof_symbolizer_t;

/* `max_bytes` bounds the cache; 0: a default of 64 MiB. NULL: out of memory. */
evprof_symbolizer_t *evprof_symbolizer_new(size_t max_bytes);

/* Frees the cache and ends the helper; NULL is ignored. */
void evprof_symbolizer_free(evprof_symbolizer_t *s);

/* Sets whether lines and inlined calls are wanted, and the helper program that
 * finds them: a path, "off", or NULL for the one beside the library. */
void evprof_symbolizer_configure(evprof_symbolizer_t *s, bool with_lines,
                                 const char *helper);

/* Reaps the helper if it has ended; true while it runs. */
bool evprof_symbolizer_reap(evprof_symbolizer_t *s);

/* For the child of a fork: forgets the helper, whose socket the parent uses. */
void evprof_symbolizer_forget(evprof_symbolizer_t *s);

/* Bytes that the cache takes; between two calls at most the bound. */
size_t evprof_symbolizer_bytes(const evprof_symbolizer_t *s);

/*
 * Adds to `p` the mappings of all objects (the main program first, with build
 * ids), gives every location its mapping, and its lines where they are known.
 * A mapping says has_functions only when all its locations have one. Unknown
 * addresses stay as they are. EVPROF_ENOMEM.
 */
int evprof_symbolize(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                     evprof_pprof_t *p, evprof_error_t *err);

/* As evprof_symbolize(), but names only what a tool could not name later: the
 * addresses of objects whose files are removed, are others now, or have no
 * build id to be known by. EVPROF_ENOMEM. */
int evprof_symbolize_lost(evprof_symbolizer_t *s,
                          const evprof_objects_t *objects, evprof_pprof_t *p,
                          evprof_error_t *err);

/* Adds the mappings only, with paths and build ids, so that a tool that has the
 * files can name the addresses. EVPROF_ENOMEM. */
int evprof_symbol_mappings(const evprof_objects_t *objects, evprof_pprof_t *p,
                           evprof_error_t *err);

/*
 * Looks up many addresses in one batch, so that evprof_symbol_name() finds them
 * in the cache; without it each name would read the object's tables again. A
 * few thousand addresses a call are sure to stay cached. EVPROF_ENOMEM.
 */
int evprof_symbol_prepare(evprof_symbolizer_t *s,
                          const evprof_objects_t *objects, const uintptr_t *pcs,
                          size_t count);

/*
 * The name of the function that holds `pc`, demangled, for /debug/pprof/symbol;
 * NULL when unknown. Valid until the next call with `s`.
 */
const char *evprof_symbol_name(evprof_symbolizer_t *s,
                               const evprof_objects_t *objects, uintptr_t pc);

/* The start of the function that holds `pc`; 0: unknown, or `pc` was not looked
 * up before, since only the cache is asked, at almost no cost. */
uintptr_t evprof_symbol_entry(evprof_symbolizer_t *s,
                              const evprof_objects_t *objects, uintptr_t pc);

#endif
