/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SYMBOLIZE_H
#define EVPROF_SYMBOL_SYMBOLIZE_H

/*
 * Gives the locations of a profile of this process their functions, files,
 * lines and inlined callers, from each object's symbol table and DWARF. DWARF
 * is read by a helper program; where that cannot run, lines are missing and the
 * profile says so in a comment. Runs on the worker thread; what was read stays
 * cached per object within a bound.
 */

#include <stdbool.h>

#include "core/objects/objects.h"
#include "core/profile/pprof.h"

typedef struct evprof_symbolizer evprof_symbolizer_t;

/* `max_bytes` bounds the cache; 0: a default of 64 MiB. NULL: out of memory. */
evprof_symbolizer_t *evprof_symbolizer_new(size_t max_bytes);

/* Frees the cache and ends the helper; NULL is ignored. */
void evprof_symbolizer_free(evprof_symbolizer_t *s);

/* Whether lines and inlined calls are wanted, and where the helper program is
 * that finds them: a file, "off", or NULL for the one beside the library. */
void evprof_symbolizer_configure(evprof_symbolizer_t *s, bool with_lines,
                                 const char *helper);

/* In the child of a fork, which shares the helper's socket with its parent. */
void evprof_symbolizer_forget(evprof_symbolizer_t *s);

/* Bytes that the cache takes now; at most the bound between two calls. */
size_t evprof_symbolizer_bytes(const evprof_symbolizer_t *s);

/*
 * Adds to `p` the mappings of all objects (the main program first, with build
 * ids), gives every location its mapping, and its lines where they are known.
 * A mapping says has_functions only when all its locations have one. Unknown
 * addresses stay as they are. EVPROF_ENOMEM.
 */
int evprof_symbolize(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                     evprof_pprof_t *p, evprof_error_t *err);

/* Fills in the mappings alone, with files and build ids, so that a tool that
 * has the files can name the addresses. EVPROF_ENOMEM. */
int evprof_symbol_mappings(const evprof_objects_t *objects, evprof_pprof_t *p,
                           evprof_error_t *err);

/*
 * Looks up many addresses at once, so that evprof_symbol_name() finds them in
 * the cache: alone, each would read the object's tables again. A few thousand a
 * call are sure to stay cached. EVPROF_ENOMEM.
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

/* The address at which that function begins; 0 when unknown, or when `pc` was
 * not looked up before: only the cache is asked, so that it costs next to
 * nothing. */
uintptr_t evprof_symbol_entry(evprof_symbolizer_t *s,
                              const evprof_objects_t *objects, uintptr_t pc);

#endif
