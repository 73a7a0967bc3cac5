/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ELF_NAMES_H
#define EVPROF_ELF_NAMES_H

/* Names from symbol tables. Texts are kept by `names`. */

#include "core/base/strings.h"
#include "core/elf/query.h"
#include "core/elf/reader.h"
#include "core/objects/objects.h"

/* Gives each query the name of the symbol that holds it, from .symtab, or
 * .dynsym where there is no .symtab. EVPROF_ENOMEM. */
int evprof_elf_names(evprof_elf_reader_t *elf, evprof_query_t *queries,
                     size_t count, evprof_strings_t *names);

/*
 * Gives the queries that have no symbol yet, but stand in linkage entries, a
 * name
 * ("malloc@plt"). EVPROF_ENOMEM.
 */
int evprof_elf_plt(evprof_elf_reader_t *elf, evprof_query_t *queries,
                   size_t count, evprof_strings_t *names);

/*
 * The same from the exported symbols of an object as it stands in memory, for
 * one whose file is gone. Memory that is not there any more is noticed.
 * EVPROF_ENOMEM.
 */
int evprof_elf_loaded_names(const evprof_object_t *object,
                            evprof_query_t *queries, size_t count,
                            evprof_strings_t *names);

#endif
