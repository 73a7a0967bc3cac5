/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_QUERY_H
#define EVPROF_SYMBOL_QUERY_H

/* Looks up a batch of addresses of one file. */

#include "core/elf/query.h"
#include "core/symbol/elf_open.h"
#include "core/symbol/symbol_cache.h"

/*
 * Adds to `file` an answer for each query: frames from the DWARF of `elf`, or
 * from the query's symbol where DWARF has none. `elf` may be NULL.
 * EVPROF_ENOMEM.
 */
int evprof_dwarf_frames(Elf *elf, evprof_query_t *queries, size_t count,
                        evprof_symbol_file_t *file);

/*
 * Adds to `file` an answer for each query about one object. `own` is the
 * object's file, which may be closed, and `path` where it was found. Names come
 * from that file or its debug file; with `with_lines` so do lines and inlined
 * calls. `debug_path` is a debug file for an object that has none beside it, or
 * NULL. EVPROF_ENOMEM.
 */
int evprof_symbol_resolve(const evprof_elf_file_t *own, const char *path,
                          const char *debug_path, bool with_lines,
                          evprof_query_t *queries, size_t count,
                          evprof_symbol_file_t *file);

#endif
