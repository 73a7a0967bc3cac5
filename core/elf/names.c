/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elf/names.h"

#include <evprof/status.h>

#include "core/elf/choose.h"

/* Symbols are read so many at a time. */
#define CHUNK 512

typedef struct table {
    evprof_elf_reader_t *elf;
    const Elf64_Shdr *strings;
} table_t;

static bool
read_text(void *ctx, uint64_t name, evprof_buf_t *out)
{
    const table_t *t = ctx;
    return evprof_elf_reader_text(t->elf, t->strings, name, out);
}

/* The end of the section of a symbol that is code, 0: it is none. */
static uint64_t
end_of_section(const evprof_elf_reader_t *elf, const Elf64_Sym *sym)
{
    int type = ELF64_ST_TYPE(sym->st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
        sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE ||
        sym->st_shndx >= elf->section_count) {
        return 0;
    }
    const Elf64_Shdr *s = &elf->sections[sym->st_shndx];
    bool is_code = (s->sh_flags & SHF_EXECINSTR) != 0 ||
                   (type != STT_NOTYPE && sym->st_size > 0);
    return is_code ? s->sh_addr + s->sh_size : 0;
}

static void
scan(evprof_elf_choice_t *choice, evprof_elf_reader_t *elf,
     const Elf64_Shdr *symbols)
{
    Elf64_Sym chunk[CHUNK];
    uint64_t count = symbols->sh_size / sizeof(chunk[0]);
    for (uint64_t i = 0; i < count; i += CHUNK) {
        size_t n = count - i < CHUNK ? (size_t)(count - i) : CHUNK;
        if (!evprof_elf_reader_get(elf,
                                   symbols->sh_offset + i * sizeof(chunk[0]),
                                   chunk, n * sizeof(chunk[0]))) {
            return;
        }
        for (size_t k = 0; k < n; k++) {
            uint64_t end = end_of_section(elf, &chunk[k]);
            if (end != 0) {
                evprof_elf_choice_offer(choice, &chunk[k], end);
            }
        }
    }
}

int
evprof_elf_names(evprof_elf_reader_t *elf, evprof_query_t *queries,
                 size_t count, evprof_strings_t *names)
{
    const Elf64_Shdr *symbols = evprof_elf_reader_typed(elf, SHT_SYMTAB);
    if (symbols == NULL) {
        symbols = evprof_elf_reader_typed(elf, SHT_DYNSYM);
    }
    table_t table = { elf, symbols == NULL
                               ? NULL
                               : evprof_elf_reader_linked(elf, symbols) };
    if (table.strings == NULL || count == 0) {
        return EVPROF_OK;
    }
    evprof_elf_choice_t choice = { .text = read_text, .ctx = &table };
    if (!evprof_elf_choice_begin(&choice, queries, count)) {
        return EVPROF_ENOMEM;
    }
    scan(&choice, elf, symbols);
    return evprof_elf_choice_end(&choice, queries, names);
}
