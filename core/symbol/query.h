/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_QUERY_H
#define EVPROF_SYMBOL_QUERY_H

/*
 * A batch of addresses of one file, sorted and distinct. Tables are read once a
 * batch, front to back, and each entry is looked up among the addresses:
 * nothing of the size of a table is ever built.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

#include "core/base/strings.h"
#include "core/symbol/elf_open.h"
#include "core/symbol/symbol_cache.h"

typedef struct evprof_query {
    uint64_t vaddr;
    const char *symbol; /* of the symbol table, alive as the Elf is; or NULL */
    uint64_t start;     /* of that symbol */
    bool is_sized;      /* the symbol says where it ends */
    uint64_t unit;      /* offset of the compilation unit's DIE, 0: none */
} evprof_query_t;

/* The first of `count` queries whose address is not below `vaddr`. */
size_t evprof_query_lower(const evprof_query_t *queries, size_t count,
                          uint64_t vaddr);

/* Gives each query the name of the symbol that holds it, from .symtab, or
 * .dynsym where there is no .symtab. EVPROF_ENOMEM. */
int evprof_elf_names(Elf *elf, evprof_query_t *queries, size_t count);

/*
 * Gives the queries that have no symbol yet, but stand in linkage entries, a name
 * ("malloc@plt"), kept by `names`. EVPROF_ENOMEM.
 */
int evprof_elf_plt(Elf *elf, evprof_query_t *queries, size_t count,
                   evprof_strings_t *names);

/*
 * Adds to `file` an answer for each query: frames from the DWARF of `elf` where
 * it has some (`elf` may be NULL), else from the query's symbol. EVPROF_ENOMEM.
 */
int evprof_dwarf_frames(Elf *elf, evprof_query_t *queries, size_t count,
                        evprof_symbol_file_t *file);

/*
 * Adds to `file` an answer for each query about one object: `own` is its file,
 * which may be closed, `path` where it was found. Names come from it or from its
 * debug file; inlined calls and lines too, where `with_lines`. EVPROF_ENOMEM.
 */
int evprof_symbol_resolve(const evprof_elf_file_t *own, const char *path,
                          bool with_lines, evprof_query_t *queries,
                          size_t count, evprof_symbol_file_t *file);

#endif
