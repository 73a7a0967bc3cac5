/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names from symbol tables. A symbol with a size holds what is inside it; one
 * without (assembler) reaches to the next symbol or the end of its section. Of
 * several symbols that hold an address the nearest wins, then the more public.
 */
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/symbol/query.h"

typedef struct candidate {
    const char *name; /* NULL: none */
    uint64_t start;
    uint64_t end; /* of the symbol, or of its section when it has no size */
    int rank;     /* of equally near ones the highest wins */
    bool is_sized;
} candidate_t;

/* One pass over a table, for all queries. */
typedef struct scan {
    const evprof_query_t *queries;
    size_t count;
    candidate_t *holding; /* by query: the best sized symbol around it */
    candidate_t *nearest; /* by query: the last symbol at or before it */
    Elf *elf;
} scan_t;

size_t
evprof_query_lower(const evprof_query_t *queries, size_t count, uint64_t vaddr)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (queries[middle].vaddr < vaddr) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

/* Public names before weak before local ones, then few leading underscores. */
static int
rank_of(const GElf_Sym *sym, const char *name)
{
    int rank = 0;
    switch (GELF_ST_BIND(sym->st_info)) {
    case STB_GLOBAL:
        rank = 200;
        break;
    case STB_WEAK:
        rank = 100;
        break;
    default:
        break;
    }
    return rank - (int)strspn(name, "_");
}

static void
offer(candidate_t *slot, const candidate_t *c)
{
    if (slot->name == NULL || c->start > slot->start ||
        (c->start == slot->start && c->rank > slot->rank)) {
        *slot = *c;
    }
}

static void
visit(scan_t *scan, const candidate_t *c)
{
    size_t at = evprof_query_lower(scan->queries, scan->count, c->start);
    if (at == scan->count) {
        return;
    }
    offer(&scan->nearest[at], c);
    for (; c->is_sized && at < scan->count && scan->queries[at].vaddr < c->end;
         at++) {
        offer(&scan->holding[at], c);
    }
}

/* Fills `c` from a symbol; false when it is no code. */
static bool
read_symbol(const scan_t *scan, const GElf_Sym *sym, const char *name,
            candidate_t *c)
{
    int type = GELF_ST_TYPE(sym->st_info);
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) {
        return false;
    }
    if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE ||
        name == NULL || name[0] == '\0' || name[0] == '$' || name[0] == '.') {
        return false;
    }
    *c = (candidate_t){ .name = name,
                        .start = sym->st_value,
                        .end = sym->st_value + sym->st_size,
                        .rank = rank_of(sym, name),
                        .is_sized = sym->st_size > 0 };
    if (type == STT_NOTYPE || !c->is_sized) {
        GElf_Shdr header;
        Elf_Scn *section = elf_getscn(scan->elf, sym->st_shndx);
        if (gelf_getshdr(section, &header) == NULL ||
            (header.sh_flags & SHF_EXECINSTR) == 0) {
            return false;
        }
        c->end = c->is_sized ? c->end : header.sh_addr + header.sh_size;
    }
    return true;
}

static void
scan_table(scan_t *scan, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    if (data == NULL || header->sh_entsize == 0) {
        return;
    }
    int count = (int)(header->sh_size / header->sh_entsize);
    for (int i = 1; i < count; i++) {
        GElf_Sym sym;
        candidate_t c;
        if (gelf_getsym(data, i, &sym) == NULL) {
            return;
        }
        const char *name = elf_strptr(scan->elf, header->sh_link, sym.st_name);
        if (read_symbol(scan, &sym, name, &c)) {
            visit(scan, &c);
        }
    }
}

static Elf_Scn *
find_table(Elf *elf, GElf_Word type, GElf_Shdr *header)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        if (gelf_getshdr(section, header) != NULL && header->sh_type == type) {
            return section;
        }
    }
    return NULL;
}

/* Chooses for each query; a nearest symbol counts for all queries after it. */
static void
choose(const scan_t *scan, evprof_query_t *queries)
{
    candidate_t last = { .name = NULL };
    for (size_t i = 0; i < scan->count; i++) {
        if (scan->nearest[i].name != NULL) {
            last = scan->nearest[i];
        }
        if (scan->holding[i].name != NULL) {
            queries[i].symbol = scan->holding[i].name;
            queries[i].start = scan->holding[i].start;
            queries[i].is_sized = true;
        } else if (last.name != NULL && !last.is_sized &&
                   queries[i].vaddr < last.end) {
            queries[i].symbol = last.name;
            queries[i].start = last.start;
        }
    }
}

int
evprof_elf_names(Elf *elf, evprof_query_t *queries, size_t count)
{
    GElf_Shdr header;
    Elf_Scn *section = find_table(elf, SHT_SYMTAB, &header);
    if (section == NULL) {
        section = find_table(elf, SHT_DYNSYM, &header);
    }
    if (section == NULL || count == 0) {
        return 0;
    }
    candidate_t *slots = calloc(count * 2, sizeof(*slots));
    if (slots == NULL) {
        return EVPROF_ENOMEM;
    }
    scan_t scan = { .queries = queries,
                    .count = count,
                    .holding = slots,
                    .nearest = slots + count,
                    .elf = elf };
    scan_table(&scan, section, &header);
    choose(&scan, queries);
    free(slots);
    return 0;
}
