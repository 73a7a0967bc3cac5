/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_PACKED_SECTIONS_H
#define EVPROF_SYMBOL_PACKED_SECTIONS_H

/* Unpacks sections that libelf cannot: debug sections packed by Zstandard, and
 * the symbol table packed by xz in .gnu_debugdata ("MiniDebugInfo"). */

#include "core/elf/names.h"
#include "core/symbol/elf_open.h"

/*
 * Opens a copy of a file in which debug sections packed by Zstandard are
 * unpacked; the copy is in memory until it is closed. False: the file has none,
 * or they cannot be unpacked.
 */
bool evprof_elf_unpack(const evprof_elf_file_t *file, evprof_elf_file_t *out);

/* Names from .gnu_debugdata for the queries without a name. EVPROF_ENOMEM. */
int evprof_elf_packed_names(evprof_elf_reader_t *elf, evprof_query_t *queries,
                            size_t count, evprof_strings_t *names);

#endif
