/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_QUERY_H
#define EVPROF_SYMBOL_QUERY_H

/* Looks up a batch of addresses of one file. */

#include "core/elf/query.h"
#include "core/symbol/elf_open.h"
#include "core/symbol/symbol_cache.h"

/* The files that answer for one object, open. One thread at a time. */
typedef struct evprof_symbol_source evprof_symbol_source_t;

/*
 * Opens what answers for an object. `own` is the object's file, which may be
 * closed and must outlive the source, and `path` where it was found. Names come
 * from that file or its debug file; with `with_lines` so do lines and inlined
 * calls. `debug_path` is a debug file for an object that has none beside it, or
 * NULL. NULL: no memory.
 */
evprof_symbol_source_t *evprof_symbol_source_open(const evprof_elf_file_t *own,
                                                  const char *path,
                                                  const char *debug_path,
                                                  bool with_lines);

/* Adds to `file` an answer for each query; may be asked again. EVPROF_ENOMEM.
 */
int evprof_symbol_source_answer(evprof_symbol_source_t *source,
                                evprof_query_t *queries, size_t count,
                                evprof_symbol_file_t *file);

/* Whether asking again is cheaper than opening again, since DWARF was read or a
 * symbol table unpacked; and the debug file has not been written to since it
 * was opened. */
bool
evprof_symbol_source_is_worth_keeping(const evprof_symbol_source_t *source);

/* About how much memory it takes: unpacked sections, and what was parsed. */
size_t evprof_symbol_source_bytes(const evprof_symbol_source_t *source);

/* Closes it and frees it. */
void evprof_symbol_source_close(evprof_symbol_source_t *source);

/* Opens, answers and closes. EVPROF_ENOMEM. */
int evprof_symbol_resolve(const evprof_elf_file_t *own, const char *path,
                          const char *debug_path, bool with_lines,
                          evprof_query_t *queries, size_t count,
                          evprof_symbol_file_t *file);

#endif
