/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ELF_FDES_H
#define EVPROF_ELF_FDES_H

/*
 * Where functions begin and end as the unwind tables have it: all that is known
 * of the functions of a stripped library.
 */

#include "core/elf/reader.h"

/* A row of the table, as the file has it. */
typedef struct evprof_elf_fde evprof_elf_fde_t;

typedef struct evprof_elf_fdes {
    evprof_elf_fde_t *items; /* by start */
    size_t count;
    uint64_t base; /* address of .eh_frame_hdr */
} evprof_elf_fdes_t;

/* Reads the sorted table of .eh_frame_hdr; without one the result is empty. To
 * be freed. EVPROF_ENOMEM. */
int evprof_elf_fdes_read(evprof_elf_reader_t *elf, evprof_elf_fdes_t *out);

/* Frees the table; it is empty afterwards. */
void evprof_elf_fdes_free(evprof_elf_fdes_t *fdes);

/* The start of the function that holds the address, 0: none is known to. */
uint64_t evprof_elf_fdes_find(const evprof_elf_fdes_t *fdes,
                              evprof_elf_reader_t *elf, uint64_t vaddr);

#endif
