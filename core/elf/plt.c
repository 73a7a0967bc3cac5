/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of procedure linkage entries. No symbol table has them, but a sample
 * does fall on one now and then, and one address without a name makes readers
 * symbolize the whole object again, with less than we know. An entry jumps
 * through a slot of the global offset table, and the slot's relocation names
 * the function: it is called "function@plt", as debuggers call it. What else is
 * in such a section (the common entry, padding) gets the section's name.
 */
#include <string.h>

#include <evprof/status.h>

#include "core/elf/names.h"

/* An entry is aligned to its size: 16 bytes, and 8 in .plt.got without CET. */
#define ENTRY_SIZE 16
#define SHORT_ENTRY_SIZE 8
#define CHUNK 128

/* The section with linkage code that holds `vaddr`, or NULL. */
static const Elf64_Shdr *
find_section(const evprof_elf_reader_t *elf, uint64_t vaddr)
{
    for (size_t i = 0; i < elf->section_count; i++) {
        const Elf64_Shdr *s = &elf->sections[i];
        if ((s->sh_flags & SHF_EXECINSTR) == 0 || vaddr < s->sh_addr ||
            vaddr - s->sh_addr >= s->sh_size) {
            continue;
        }
        const char *name = evprof_elf_reader_name(elf, s);
        if (strncmp(name, ".plt", 4) == 0 || strcmp(name, ".init") == 0 ||
            strcmp(name, ".fini") == 0) {
            return s;
        }
    }
    return NULL;
}

/* The slot of `jmp *slot(%rip)` (ff 25) inside an entry, 0: no such jump. */
static uint64_t
slot_of_x86_64(const unsigned char *code, size_t size, uint64_t vaddr)
{
    for (size_t i = 0; i + 6 <= size; i++) {
        if (code[i] == 0xff && code[i + 1] == 0x25) {
            int32_t offset;
            memcpy(&offset, code + i + 2, sizeof(offset));
            return vaddr + i + 6 + (uint64_t)(int64_t)offset;
        }
    }
    return 0;
}

/* The slot of `adrp x16, page; ldr x17, [x16, #offset]`, 0: not these. */
static uint64_t
slot_of_aarch64(const unsigned char *code, size_t size, uint64_t vaddr)
{
    for (size_t i = 0; i + 8 <= size; i += 4) {
        uint32_t words[2];
        memcpy(words, code + i, sizeof(words));
        if ((words[0] & 0x9f00001fu) == 0x90000010u &&
            (words[1] & 0xffc003ffu) == 0xf9400211u) {
            uint32_t pages =
                (words[0] >> 5 & 0x7ffffu) << 2 | (words[0] >> 29 & 3u);
            int64_t moved = ((int64_t)(int32_t)(pages << 11) >> 11) * 4096;
            uint64_t page = (vaddr + i) & ~UINT64_C(4095);
            return page + (uint64_t)moved +
                   (uint64_t)(words[1] >> 10 & 0xfffu) * 8;
        }
    }
    return 0;
}

/* Replaces `out` by the name of a relocation's symbol; false: it has none. */
static bool
name_of_relocation(evprof_elf_reader_t *elf, const Elf64_Shdr *table,
                   const Elf64_Rela *relocation, evprof_buf_t *out)
{
    Elf64_Sym symbol;
    const Elf64_Shdr *symbols = evprof_elf_reader_linked(elf, table);
    const Elf64_Shdr *strings =
        symbols == NULL ? NULL : evprof_elf_reader_linked(elf, symbols);
    uint64_t index = ELF64_R_SYM(relocation->r_info);
    return strings != NULL && index < symbols->sh_size / sizeof(symbol) &&
           evprof_elf_reader_get(elf,
                                 symbols->sh_offset + index * sizeof(symbol),
                                 &symbol, sizeof(symbol)) &&
           evprof_elf_reader_text(elf, strings, symbol.st_name, out) &&
           out->len > 0;
}

static bool
name_in_table(evprof_elf_reader_t *elf, const Elf64_Shdr *table, uint64_t slot,
              evprof_buf_t *out)
{
    Elf64_Rela chunk[CHUNK];
    uint64_t count = table->sh_size / sizeof(chunk[0]);
    for (uint64_t i = 0; i < count; i += CHUNK) {
        size_t n = count - i < CHUNK ? (size_t)(count - i) : CHUNK;
        if (!evprof_elf_reader_get(elf, table->sh_offset + i * sizeof(chunk[0]),
                                   chunk, n * sizeof(chunk[0]))) {
            return false;
        }
        for (size_t k = 0; k < n; k++) {
            if (chunk[k].r_offset == slot &&
                name_of_relocation(elf, table, &chunk[k], out)) {
                return true;
            }
        }
    }
    return false;
}

static bool
name_of_slot(evprof_elf_reader_t *elf, uint64_t slot, evprof_buf_t *out)
{
    for (size_t i = 0; i < elf->section_count; i++) {
        if (elf->sections[i].sh_type == SHT_RELA &&
            name_in_table(elf, &elf->sections[i], slot, out)) {
            return true;
        }
    }
    return false;
}

static bool
name_of_entry(evprof_elf_reader_t *elf, const Elf64_Shdr *entries,
              uint64_t vaddr, uint64_t size, evprof_buf_t *out)
{
    unsigned char code[ENTRY_SIZE];
    uint64_t at = (vaddr - entries->sh_addr) / size * size;
    if (entries->sh_type == SHT_NOBITS || at + size > entries->sh_size ||
        !evprof_elf_reader_get(elf, entries->sh_offset + at, code,
                               (size_t)size)) {
        return false;
    }
    uint64_t start = entries->sh_addr + at;
    uint64_t slot = elf->header.e_machine == EM_AARCH64
                        ? slot_of_aarch64(code, (size_t)size, start)
                        : slot_of_x86_64(code, (size_t)size, start);
    return slot != 0 && name_of_slot(elf, slot, out);
}

static int
name_query(evprof_elf_reader_t *elf, const Elf64_Shdr *entries,
           evprof_query_t *query, evprof_strings_t *names)
{
    evprof_buf_t name = { 0 };
    const char *section = evprof_elf_reader_name(elf, entries);
    bool is_named =
        name_of_entry(elf, entries, query->vaddr, ENTRY_SIZE, &name) ||
        (strcmp(section, ".plt.got") == 0 &&
         name_of_entry(elf, entries, query->vaddr, SHORT_ENTRY_SIZE, &name));
    if (is_named) {
        evprof_buf_puts(&name, "@plt");
    } else {
        evprof_buf_clear(&name);
        evprof_buf_puts(&name, section);
    }
    if (!name.failed) {
        query->symbol = evprof_strings_intern(names, name.data);
    }
    evprof_buf_free(&name);
    return query->symbol == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

int
evprof_elf_plt(evprof_elf_reader_t *elf, evprof_query_t *queries, size_t count,
               evprof_strings_t *names)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        const Elf64_Shdr *entries = queries[i].symbol != NULL
                                        ? NULL
                                        : find_section(elf, queries[i].vaddr);
        if (entries != NULL) {
            status = name_query(elf, entries, &queries[i], names);
        }
    }
    return status;
}
