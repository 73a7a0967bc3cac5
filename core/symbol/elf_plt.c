/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of procedure linkage entries. No symbol table has them, but a sample
 * does fall on one now and then, and one address without a name makes readers
 * symbolize the whole object again, with less than we know. An entry jumps
 * through a slot of the global offset table, and the slot's relocation names the
 * function: it is called "function@plt", as debuggers call it. What else is in
 * such a section (the common entry, padding) gets the section's name.
 */
#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/symbol/query.h"

/* An entry is aligned to its size: 16 bytes, and 8 in .plt.got without CET. */
#define ENTRY_SIZE 16
#define SHORT_ENTRY_SIZE 8

typedef struct section {
    const char *name; /* of the section */
    uint64_t start;
    uint64_t end;
    const unsigned char *code; /* NULL: not in this file */
} section_t;

/* The section with linkage code that holds `vaddr`. */
static bool
find_section(Elf *elf, uint64_t vaddr, section_t *out)
{
    size_t names = 0;
    Elf_Scn *section = NULL;
    if (elf_getshdrstrndx(elf, &names) != 0) {
        return false;
    }
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL || vaddr < header.sh_addr ||
            vaddr - header.sh_addr >= header.sh_size) {
            continue;
        }
        const char *name = elf_strptr(elf, names, header.sh_name);
        bool is_linkage = name != NULL && (strncmp(name, ".plt", 4) == 0 ||
                                           strcmp(name, ".init") == 0 ||
                                           strcmp(name, ".fini") == 0);
        if (is_linkage && (header.sh_flags & SHF_EXECINSTR) != 0) {
            Elf_Data *data = elf_getdata(section, NULL);
            bool is_whole = data != NULL && data->d_size == header.sh_size;
            *out = (section_t){ .name = name,
                                .start = header.sh_addr,
                                .end = header.sh_addr + header.sh_size,
                                .code = is_whole ? data->d_buf : NULL };
            return true;
        }
    }
    return false;
}

#if defined(__x86_64__)
/* The slot of `jmp *slot(%rip)` (ff 25) inside an entry, 0: no such jump. */
static uint64_t
slot_of_entry(const unsigned char *code, size_t size, uint64_t vaddr)
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
#elif defined(__aarch64__)
/* The slot of `adrp x16, page; ldr x17, [x16, #offset]`, 0: not these. */
static uint64_t
slot_of_entry(const unsigned char *code, size_t size, uint64_t vaddr)
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
            return page + (uint64_t)moved + (words[1] >> 10 & 0xfffu) * 8;
        }
    }
    return 0;
}
#endif

/* The name that the relocation of `slot` in one table gives, or NULL. */
static const char *
name_in_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
              uint64_t slot)
{
    Elf_Data *data = elf_getdata(section, NULL);
    Elf_Scn *symbols = elf_getscn(elf, header->sh_link);
    Elf_Data *symbol_data = symbols == NULL ? NULL : elf_getdata(symbols, NULL);
    GElf_Shdr symbol_header;
    if (data == NULL || symbol_data == NULL || header->sh_entsize == 0 ||
        gelf_getshdr(symbols, &symbol_header) == NULL) {
        return NULL;
    }
    int count = (int)(header->sh_size / header->sh_entsize);
    for (int i = 0; i < count; i++) {
        GElf_Rela relocation;
        GElf_Sym symbol;
        if (gelf_getrela(data, i, &relocation) == NULL) {
            return NULL;
        }
        if (relocation.r_offset == slot &&
            gelf_getsym(symbol_data, (int)GELF_R_SYM(relocation.r_info),
                        &symbol) != NULL) {
            return elf_strptr(elf, symbol_header.sh_link, symbol.st_name);
        }
    }
    return NULL;
}

static const char *
name_of_slot(Elf *elf, uint64_t slot)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL &&
            header.sh_type == SHT_RELA) {
            const char *name = name_in_table(elf, section, &header, slot);
            if (name != NULL && name[0] != '\0') {
                return name;
            }
        }
    }
    return NULL;
}

static const char *
function_of_entry(Elf *elf, const section_t *entries, uint64_t vaddr,
                  uint64_t size)
{
    uint64_t at = (vaddr - entries->start) / size * size;
    if (entries->code == NULL || entries->start + at + size > entries->end) {
        return NULL;
    }
    uint64_t slot =
        slot_of_entry(entries->code + at, size, entries->start + at);
    return slot == 0 ? NULL : name_of_slot(elf, slot);
}

int
evprof_elf_plt(Elf *elf, evprof_query_t *queries, size_t count,
               evprof_strings_t *names)
{
    for (size_t i = 0; i < count; i++) {
        section_t entries;
        if (queries[i].symbol != NULL ||
            !find_section(elf, queries[i].vaddr, &entries)) {
            continue;
        }
        const char *function =
            function_of_entry(elf, &entries, queries[i].vaddr, ENTRY_SIZE);
        if (strcmp(entries.name, ".plt.got") == 0 && function == NULL) {
            function = function_of_entry(elf, &entries, queries[i].vaddr,
                                         SHORT_ENTRY_SIZE);
        }
        evprof_buf_t name = { 0 };
        evprof_buf_printf(&name, "%s%s",
                          function == NULL ? entries.name : function,
                          function == NULL ? "" : "@plt");
        if (!name.failed) {
            queries[i].symbol = evprof_strings_intern(names, name.data);
        }
        evprof_buf_free(&name);
        if (queries[i].symbol == NULL) {
            return EVPROF_ENOMEM;
        }
    }
    return EVPROF_OK;
}
