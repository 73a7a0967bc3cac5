/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_QUERY_H
#define EVPROF_SYMBOL_QUERY_H

/* Answers for a batch of addresses of one file. */

#include "core/elf/query.h"
#include "core/symbol/elf_open.h"
#include "core/symbol/symbol_cache.h"

/*
 * Adds to `file` an answer for each query: frames from the DWARF of `elf` where
 * it has some (`elf` may be NULL), else from the query's symbol. EVPROF_ENOMEM.
 */
int evprof_dwarf_frames(Elf *elf, evprof_query_t *queries, size_t count,
                        evprof_symbol_file_t *file);

/*
 * Adds to `file` an answer for each query about one object: `own` is its file,
 * which may be closed, `path` where it was found. Names come from it or from
 * its debug file; inlined calls and lines too, where `with_lines`. `debug_path`
 * is a debug file for an object that has none beside it, or NULL.
 * EVPROF_ENOMEM.
 */
int evprof_symbol_resolve(const evprof_elf_file_t *own, const char *path,
                          const char *debug_path, bool with_lines,
                          evprof_query_t *queries, size_t count,
                          evprof_symbol_file_t *file);

#endif
