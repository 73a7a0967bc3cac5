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

/* The symbol table of an object's .gnu_debugdata. Zero-initialised, it is
 * unpacked when it is first needed. */
typedef struct evprof_packed_table {
    bool is_tried;
    unsigned char *image; /* an ELF file; NULL: there is none */
    size_t len;
} evprof_packed_table_t;

/* Names from .gnu_debugdata for the queries without a name. `table` is that of
 * the object `elf`, and is kept for its next queries. EVPROF_ENOMEM. */
int evprof_elf_packed_names(evprof_packed_table_t *table,
                            evprof_elf_reader_t *elf, evprof_query_t *queries,
                            size_t count, evprof_strings_t *names);

/* Frees it; it is not unpacked then. */
void evprof_packed_table_free(evprof_packed_table_t *table);

#endif
