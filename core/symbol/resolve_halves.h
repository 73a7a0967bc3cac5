/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_RESOLVE_HALVES_H
#define EVPROF_SYMBOL_RESOLVE_HALVES_H

#include "core/symbol/query.h"

/*
 * As evprof_symbol_resolve(), for the file at `path`, which `own` has open. Two
 * threads share many queries; each opens the file for itself.
 */
int evprof_symbol_resolve_halves(const evprof_elf_file_t *own, const char *path,
                                 const char *debug_path, bool with_lines,
                                 evprof_query_t *queries, size_t count,
                                 evprof_symbol_file_t *file);

#endif
