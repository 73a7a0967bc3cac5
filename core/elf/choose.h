/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ELF_CHOOSE_H
#define EVPROF_ELF_CHOOSE_H

/* Which of several symbols names an address; for the files of this room. */

#include <elf.h>

#include "core/base/buf.h"
#include "core/base/strings.h"
#include "core/elf/query.h"

/* A symbol with a size holds what is inside it; one without (assembler) reaches
 * to the next symbol or the end of its section. */
typedef struct evprof_elf_candidate {
    uint64_t start;
    uint64_t end;
    uint64_t name; /* where its text is found, for `text` below */
    int rank;      /* of equally near ones the highest wins */
    bool is_sized;
    bool is_set;
} evprof_elf_candidate_t;

/* One pass over a table, for all queries. */
typedef struct evprof_elf_choice {
    const evprof_query_t *queries;
    size_t count;
    evprof_elf_candidate_t
        *holding; /* by query: the best sized one around it */
    evprof_elf_candidate_t *nearest; /* by query: the last at or before it */
    /* Replaces `out` by a symbol's name; false: it cannot be read. */
    bool (*text)(void *ctx, uint64_t name, evprof_buf_t *out);
    void *ctx;
    evprof_buf_t scratch;
} evprof_elf_choice_t;

/* Begins with `text` and `ctx` set; to be ended if true. False: no memory. */
bool evprof_elf_choice_begin(evprof_elf_choice_t *choice,
                             const evprof_query_t *queries, size_t count);

/* Offers a symbol; `end` is that of its section where it has no size. */
void evprof_elf_choice_offer(evprof_elf_choice_t *choice, const Elf64_Sym *sym,
                             uint64_t end);

/* Names each query by the best that was offered. EVPROF_ENOMEM. */
int evprof_elf_choice_end(evprof_elf_choice_t *choice, evprof_query_t *queries,
                          evprof_strings_t *names);

#endif
