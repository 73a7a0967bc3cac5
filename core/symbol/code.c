/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions come from the symbol table; from that of the debug file where the
 * binary has none. A symbol with a size ends by it, one without ends at the
 * next symbol. The source places of all instructions are looked up in one
 * batch.
 */
#include "core/symbol/code.h"

#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/elf/names.h"
#include "core/symbol/readable.h"

typedef struct symbol {
    uint64_t start;
    uint64_t size;
    uint64_t section_end;
    const char *name;
    int rank; /* of several names of one address the highest is shown */
} symbol_t;

typedef struct symbols {
    symbol_t *items;
    size_t count;
    size_t cap;
} symbols_t;

/* ---- Functions ---- */

/* The end of the symbol's section; 0: the section lacks these flags. */
static uint64_t
section_end(Elf *elf, const GElf_Sym *sym, GElf_Xword flags)
{
    GElf_Shdr header;
    Elf_Scn *section =
        sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE
            ? NULL
            : elf_getscn(elf, sym->st_shndx);
    if (gelf_getshdr(section, &header) == NULL ||
        (header.sh_flags & flags) != flags) {
        return 0;
    }
    return header.sh_addr + header.sh_size;
}

static bool
is_of_kind(int type, bool is_data)
{
    return is_data ? type == STT_OBJECT
                   : type == STT_FUNC || type == STT_GNU_IFUNC ||
                         type == STT_NOTYPE;
}

static bool
read_symbol(Elf *elf, Elf_Data *data, int index, GElf_Word names, bool is_data,
            symbol_t *out)
{
    GElf_Sym sym;
    if (gelf_getsym(data, index, &sym) == NULL) {
        return false;
    }
    int type = GELF_ST_TYPE(sym.st_info);
    const char *name = elf_strptr(elf, names, sym.st_name);
    if (!is_of_kind(type, is_data) || name == NULL || name[0] == '\0' ||
        name[0] == '$') {
        return false;
    }
    *out = (symbol_t){ .start = sym.st_value,
                       .size = sym.st_size,
                       .section_end = section_end(
                           elf, &sym, is_data ? SHF_ALLOC : SHF_EXECINSTR),
                       .name = name,
                       .rank = (GELF_ST_BIND(sym.st_info) == STB_GLOBAL) * 4 +
                               (GELF_ST_BIND(sym.st_info) == STB_WEAK) * 2 +
                               (name[0] != '_') };
    return out->start < out->section_end;
}

static int
read_table(Elf *elf, GElf_Word type, bool is_data, symbols_t *out)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        Elf_Data *data;
        if (gelf_getshdr(section, &header) == NULL || header.sh_type != type ||
            header.sh_entsize == 0 ||
            (data = elf_getdata(section, NULL)) == NULL) {
            continue;
        }
        int count = (int)(data->d_size / header.sh_entsize);
        for (int i = 1; i < count; i++) {
            symbol_t symbol;
            if (!read_symbol(elf, data, i, header.sh_link, is_data, &symbol)) {
                continue;
            }
            symbol_t *items = evprof_grow(out->items, &out->cap, out->count + 1,
                                          sizeof(*items));
            if (items == NULL) {
                return EVPROF_ENOMEM;
            }
            out->items = items;
            items[out->count++] = symbol;
        }
    }
    return EVPROF_OK;
}

static int
compare_symbols(const void *left, const void *right)
{
    const symbol_t *a = left;
    const symbol_t *b = right;
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    return a->rank != b->rank ? b->rank - a->rank : strcmp(a->name, b->name);
}

/* Makes one function, or variable, of all symbols at one address. */
static bool
fill_routine(evprof_arena_t *arena, const symbol_t *symbols, size_t count,
             uint64_t next, evprof_routine_t *r)
{
    uint64_t size = 0;
    r->names = evprof_arena_calloc(arena, count, sizeof(*r->names));
    if (r->names == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size = symbols[i].size > size ? symbols[i].size : size;
        if (i == 0 || strcmp(symbols[i].name, symbols[i - 1].name) != 0) {
            r->names[r->name_count++] = symbols[i].name;
        }
    }
    r->start = symbols[0].start;
    r->end = size > 0 ? r->start + size : symbols[0].section_end;
    r->end = r->end > next ? next : r->end;
    return true;
}

static int
make_routines(evprof_arena_t *arena, symbols_t *s, evprof_routine_t **out,
              size_t *out_count)
{
    *out = evprof_arena_calloc(arena, s->count + 1, sizeof(**out));
    if (*out == NULL) {
        return EVPROF_ENOMEM;
    }
    if (s->count > 0) {
        qsort(s->items, s->count, sizeof(*s->items), compare_symbols);
    }
    for (size_t i = 0; i < s->count;) {
        size_t end = i + 1;
        while (end < s->count && s->items[end].start == s->items[i].start) {
            end++;
        }
        uint64_t next = end < s->count ? s->items[end].start : UINT64_MAX;
        if (!fill_routine(arena, s->items + i, end - i, next,
                          &(*out)[*out_count])) {
            return EVPROF_ENOMEM;
        }
        (*out_count)++;
        i = end;
    }
    return EVPROF_OK;
}

static int
read_symbols(evprof_code_t *code, bool is_data, evprof_routine_t **out,
             size_t *count)
{
    symbols_t symbols = { .items = NULL };
    Elf *own = code->binary.file.elf;
    int status = read_table(own, SHT_SYMTAB, is_data, &symbols);
    if (status == EVPROF_OK && symbols.count == 0 && code->debug.elf != NULL) {
        status = read_table(code->debug.elf, SHT_SYMTAB, is_data, &symbols);
    }
    if (status == EVPROF_OK && symbols.count == 0) {
        status = read_table(own, SHT_DYNSYM, is_data, &symbols);
    }
    if (status == EVPROF_OK) {
        status = make_routines(&code->arena, &symbols, out, count);
    }
    free(symbols.items);
    return status;
}

static int
read_routines(evprof_code_t *code)
{
    int status =
        read_symbols(code, false, &code->routines, &code->routine_count);
    return status == EVPROF_OK ? read_symbols(code, true, &code->variables,
                                              &code->variable_count)
                               : status;
}

/* Finds the binary on this machine, or fetches it. */
static bool
open_binary(const evprof_mapping_t *mapping, const evprof_code_source_t *source,
            evprof_binary_t *out, evprof_buf_t *other)
{
    bool is_given =
        source->binary != NULL && strcmp(mapping->file, source->binary) == 0;
    if (evprof_binary_open(mapping, source->search_path, is_given, out,
                           other) == EVPROF_BINARY_FOUND) {
        return true;
    }
    evprof_buf_t path = { 0 };
    bool is_open = source->fetch != NULL && mapping->build_id[0] != '\0' &&
                   source->fetch(source->fetch_ctx, mapping->build_id,
                                 "executable", &path) &&
                   evprof_binary_open_path(mapping, path.data, out);
    evprof_buf_free(&path);
    return is_open;
}

int
evprof_code_open(const evprof_mapping_t *mapping,
                 const evprof_code_source_t *source, evprof_code_t *out,
                 evprof_error_t *err)
{
    *out = (evprof_code_t){ .debug = { .fd = -1 },
                            .reader = { .fd = -1 },
                            .cache = { .max_bytes = SIZE_MAX } };
    evprof_buf_t other = { 0 };
    GElf_Ehdr header;
    int status = EVPROF_OK;
    if (!open_binary(mapping, source, &out->binary, &other)) {
        status = evprof_fail(err, EVPROF_ENOENT, "%s: %s", mapping->file,
                             other.len > 0 && !other.failed ? other.data
                                                            : "not found");
    } else if (gelf_getehdr(out->binary.file.elf, &header) != NULL) {
        out->machine = header.e_machine;
        (void)evprof_elf_reader_attach(&out->reader, out->binary.file.fd);
        (void)evprof_elf_open_debug(&out->binary.file, out->binary.path.data,
                                    &out->debug);
        status = read_routines(out);
        if (status != EVPROF_OK) {
            evprof_fail(err, status, "%s: out of memory", mapping->file);
        }
    }
    evprof_buf_free(&other);
    return status;
}

void
evprof_code_close(evprof_code_t *code)
{
    evprof_symbol_cache_free(&code->cache);
    evprof_elf_reader_close(&code->reader);
    evprof_elf_close(&code->debug);
    evprof_binary_close(&code->binary);
    evprof_arena_free(&code->arena);
    evprof_strings_free(&code->strings);
    evprof_buf_free(&code->scratch);
}

static const evprof_routine_t *
find_holding(const evprof_routine_t *items, size_t count, uint64_t vaddr)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (items[middle].start <= vaddr) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low == 0 || vaddr >= items[low - 1].end ? NULL : &items[low - 1];
}

const evprof_routine_t *
evprof_code_routine(const evprof_code_t *code, uint64_t vaddr)
{
    return find_holding(code->routines, code->routine_count, vaddr);
}

/* ---- Instructions ---- */

/* The bytes of a function; NULL: the file lacks some of them. */
static const unsigned char *
bytes_of(const evprof_code_t *code, const evprof_routine_t *routine)
{
    size_t size = 0;
    const char *image = elf_rawfile(code->binary.file.elf, &size);
    uint64_t len = routine->end - routine->start;
    for (size_t i = 0; i < code->binary.segment_count && image != NULL &&
                       !code->binary.is_debug_only;
         i++) {
        const evprof_binary_segment_t *s = &code->binary.segments[i];
        uint64_t offset = routine->start - s->vaddr;
        if (routine->start >= s->vaddr && offset < s->size &&
            len <= s->size - offset && s->offset < size &&
            s->size <= size - s->offset) {
            return (const unsigned char *)image + s->offset + offset;
        }
    }
    return NULL;
}

/* The name of an entry of the linkage table, or NULL. */
static const char *
linkage_name(evprof_code_t *code, uint64_t vaddr)
{
    evprof_query_t query = { .vaddr = vaddr };
    (void)evprof_elf_plt(&code->reader, &query, 1, &code->strings);
    return query.symbol;
}

/* The name of the symbol at `vaddr`, code or data. */
static const char *
name_of(void *ctx, uint64_t vaddr)
{
    static const evprof_readable_how_t how = { .form = EVPROF_READABLE_PLAIN };
    evprof_code_t *code = ctx;
    evprof_buf_t *out = &code->scratch;
    const evprof_routine_t *routine = evprof_code_routine(code, vaddr);
    if (routine == NULL) {
        routine = find_holding(code->variables, code->variable_count, vaddr);
    }
    const char *name =
        routine != NULL ? routine->names[0] : linkage_name(code, vaddr);
    uint64_t offset = routine == NULL ? 0 : vaddr - routine->start;
    evprof_buf_clear(out);
    evprof_buf_printf(out, "0x%" PRIx64, vaddr);
    if (name != NULL) {
        evprof_buf_puts(out, " <");
        evprof_readable_name(out, name, &how);
        if (offset != 0) {
            evprof_buf_printf(out, "+0x%" PRIx64, offset);
        }
        evprof_buf_puts(out, ">");
    }
    return out->failed ? NULL : out->data;
}

typedef struct listing {
    evprof_instruction_t *items;
    size_t count;
    size_t cap;
} listing_t;

static int
decode_all(evprof_code_t *code, const evprof_routine_t *routine,
           const unsigned char *bytes, const evprof_disassembler_t *d,
           void *opened, listing_t *out)
{
    /* After bytes that are no instruction, decoding resumes at the next place
     * where the machine can have one. */
    size_t step = code->machine == EM_X86_64 ? 1 : 4;
    evprof_buf_t text = { 0 };
    int status = EVPROF_OK;
    for (uint64_t at = routine->start;
         at < routine->end && status == EVPROF_OK;) {
        size_t left = (size_t)(routine->end - at);
        evprof_buf_clear(&text);
        size_t len =
            d->decode(opened, bytes + (at - routine->start), left, at, &text);
        if (len == 0) {
            evprof_buf_puts(&text, "<unknown>");
            len = left < step ? left : step;
        }
        evprof_instruction_t *items =
            evprof_grow(out->items, &out->cap, out->count + 1, sizeof(*items));
        const char *own =
            text.failed
                ? NULL
                : evprof_arena_strndup(&code->arena, text.data, text.len);
        out->items = items == NULL ? out->items : items;
        if (items == NULL || own == NULL) {
            status = EVPROF_ENOMEM;
            break;
        }
        items[out->count++] =
            (evprof_instruction_t){ .vaddr = at, .size = len, .text = own };
        at += len;
    }
    evprof_buf_free(&text);
    return status;
}

struct evprof_listing {
    evprof_listing_t *next;
    evprof_instruction_t *items;
    size_t count;
};

static int
compare_queries(const void *left, const void *right)
{
    const evprof_query_t *a = left;
    const evprof_query_t *b = right;
    return (a->vaddr > b->vaddr) - (a->vaddr < b->vaddr);
}

static evprof_query_t *
make_queries(const evprof_code_t *code, size_t *out)
{
    size_t count = 0;
    size_t kept = 0;
    for (const evprof_listing_t *l = code->listings; l != NULL; l = l->next) {
        count += l->count;
    }
    evprof_query_t *queries = calloc(count + 1, sizeof(*queries));
    count = 0;
    for (const evprof_listing_t *l = code->listings;
         l != NULL && queries != NULL; l = l->next) {
        for (size_t i = 0; i < l->count; i++) {
            queries[count++].vaddr = l->items[i].vaddr;
        }
    }
    if (count > 0) {
        qsort(queries, count, sizeof(*queries), compare_queries);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || queries[i].vaddr != queries[kept - 1].vaddr) {
            queries[kept++] = queries[i];
        }
    }
    *out = kept;
    return queries;
}

/* Copies the answers: their frames stay in place as long as none is added. */
static int
give_places(evprof_code_t *code, const evprof_symbol_file_t *file)
{
    for (evprof_listing_t *l = code->listings; l != NULL; l = l->next) {
        for (size_t i = 0; i < l->count; i++) {
            const evprof_symbol_t *found =
                evprof_symbol_file_find(file, l->items[i].vaddr);
            if (found == NULL || found->count == 0) {
                continue;
            }
            evprof_symbol_t *own =
                evprof_arena_alloc(&code->arena, sizeof(*own));
            if (own == NULL) {
                return EVPROF_ENOMEM;
            }
            *own = *found;
            l->items[i].places = own;
        }
    }
    code->listings = NULL;
    return EVPROF_OK;
}

int
evprof_code_find_places(evprof_code_t *code, evprof_error_t *err)
{
    size_t count;
    int status = EVPROF_ENOMEM;
    evprof_query_t *queries = make_queries(code, &count);
    evprof_symbol_file_t *file =
        evprof_symbol_cache_file(&code->cache, code->binary.path.data);
    if (queries != NULL && file != NULL) {
        status =
            evprof_symbol_resolve(&code->binary.file, code->binary.path.data,
                                  NULL, true, queries, count, file);
    }
    if (status == EVPROF_OK) {
        status = give_places(code, file);
    }
    free(queries);
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status, "disassembly: out of memory");
}

int
evprof_code_disassemble(evprof_code_t *code, const evprof_routine_t *routine,
                        const evprof_disassembler_t *disassembler,
                        bool is_intel, evprof_instruction_t **out,
                        size_t *count, evprof_error_t *err)
{
    const evprof_disassembler_how_t how = { .machine = code->machine,
                                            .is_intel = is_intel,
                                            .name_of = name_of,
                                            .ctx = code };
    const unsigned char *bytes = bytes_of(code, routine);
    listing_t l = { .items = NULL };
    *count = 0;
    *out = NULL;
    if (bytes == NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "%s has no code for %s",
                           code->binary.path.data, routine->names[0]);
    }
    void *opened = disassembler->open(&how, err);
    if (opened == NULL) {
        return EVPROF_ENOTSUP;
    }
    int status = decode_all(code, routine, bytes, disassembler, opened, &l);
    disassembler->close(opened);
    evprof_instruction_t *own =
        evprof_arena_calloc(&code->arena, l.count + 1, sizeof(*own));
    evprof_listing_t *pending =
        evprof_arena_calloc(&code->arena, 1, sizeof(*pending));
    if (status == EVPROF_OK && own != NULL && l.count > 0) {
        memcpy(own, l.items, l.count * sizeof(*own));
    }
    free(l.items);
    if (status != EVPROF_OK || own == NULL || pending == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "disassembly: out of memory");
    }
    *pending = (evprof_listing_t){ code->listings, own, l.count };
    code->listings = pending;
    *out = own;
    *count = l.count;
    return EVPROF_OK;
}
