/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_PACKED_SECTIONS_H
#define EVPROF_SYMBOL_PACKED_SECTIONS_H

/* Unpacks sections that libelf does not unpack by itself: debug sections packed
 * by Zstandard, and symbol tables packed by xz ("MiniDebugInfo"). */

#include "core/elf/names.h"
#include "core/symbol/elf_open.h"

/*
 * Makes a copy of a file whose debug sections are packed by Zstandard with
 * these unpacked; it lives in memory until it is closed. False: there are none,
 * or they cannot be read.
 */
bool evprof_elf_unpack(const evprof_elf_file_t *file, evprof_elf_file_t *out);

/* Names from .gnu_debugdata for the queries that have none. EVPROF_ENOMEM. */
int evprof_elf_packed_names(evprof_elf_reader_t *elf, evprof_query_t *queries,
                            size_t count, evprof_strings_t *names);

#endif
