/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of several symbols that hold an address the nearest wins, then the more
 * public, then the one with fewer leading underscores. Names are read only of
 * symbols that some address may need.
 */
#include "core/elf/choose.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

static int
rank_of(evprof_elf_choice_t *choice, const Elf64_Sym *sym)
{
    int rank = 0;
    switch (ELF64_ST_BIND(sym->st_info)) {
    case STB_GLOBAL:
        rank = 200;
        break;
    case STB_WEAK:
        rank = 100;
        break;
    default:
        break;
    }
    const char *name = choice->scratch.data;
    return rank - (int)strspn(name, "_");
}

static void
offer(evprof_elf_candidate_t *slot, const evprof_elf_candidate_t *c)
{
    if (!slot->is_set || c->start > slot->start ||
        (c->start == slot->start && c->rank > slot->rank)) {
        *slot = *c;
    }
}

/* Marks of assemblers and compilers are no names. */
static bool
has_name(evprof_elf_choice_t *choice, const Elf64_Sym *sym)
{
    if (!choice->text(choice->ctx, sym->st_name, &choice->scratch) ||
        choice->scratch.data == NULL) {
        return false;
    }
    char first = choice->scratch.data[0];
    return first != '\0' && first != '$' && first != '.';
}

void
evprof_elf_choice_offer(evprof_elf_choice_t *choice, const Elf64_Sym *sym,
                        uint64_t end)
{
    evprof_elf_candidate_t c = { .start = sym->st_value,
                                 .end = sym->st_size > 0
                                            ? sym->st_value + sym->st_size
                                            : end,
                                 .name = sym->st_name,
                                 .is_sized = sym->st_size > 0,
                                 .is_set = true };
    size_t at = evprof_query_lower(choice->queries, choice->count, c.start);
    if (at == choice->count) {
        return;
    }
    bool holds_one = choice->queries[at].vaddr < c.end;
    if ((holds_one || !c.is_sized) && !has_name(choice, sym)) {
        return;
    }
    if (holds_one) {
        c.rank = rank_of(choice, sym);
    }
    offer(&choice->nearest[at], &c);
    for (;
         c.is_sized && at < choice->count && choice->queries[at].vaddr < c.end;
         at++) {
        offer(&choice->holding[at], &c);
    }
}

static int
name_query(evprof_elf_choice_t *choice, const evprof_elf_candidate_t *c,
           evprof_query_t *query, evprof_strings_t *names)
{
    if (!choice->text(choice->ctx, c->name, &choice->scratch)) {
        return choice->scratch.failed ? EVPROF_ENOMEM : EVPROF_OK;
    }
    /* Behind an @ stands the symbol's version, "clone3@@GLIBC_2.34". */
    query->symbol = evprof_strings_add(names, choice->scratch.data,
                                       strcspn(choice->scratch.data, "@"));
    query->start = c->start;
    query->is_sized = c->is_sized;
    return query->symbol == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

bool
evprof_elf_choice_begin(evprof_elf_choice_t *choice,
                        const evprof_query_t *queries, size_t count)
{
    choice->queries = queries;
    choice->count = count;
    choice->holding = calloc(count * 2, sizeof(*choice->holding));
    choice->nearest = choice->holding + count;
    return choice->holding != NULL;
}

int
evprof_elf_choice_end(evprof_elf_choice_t *choice, evprof_query_t *queries,
                      evprof_strings_t *names)
{
    evprof_elf_candidate_t last = { .is_set = false };
    int status = EVPROF_OK;
    for (size_t i = 0; i < choice->count && status == EVPROF_OK; i++) {
        if (choice->nearest[i].is_set) {
            last = choice->nearest[i];
        }
        if (choice->holding[i].is_set) {
            status =
                name_query(choice, &choice->holding[i], &queries[i], names);
        } else if (last.is_set && !last.is_sized &&
                   queries[i].vaddr < last.end) {
            status = name_query(choice, &last, &queries[i], names);
        }
    }
    evprof_buf_free(&choice->scratch);
    free(choice->holding);
    return status;
}
