/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from DWARF. The units are read once a batch: each tells its ranges,
 * and the addresses inside become its own. Then, unit by unit, the functions
 * that hold addresses are found, the inlined calls inside them, and the lines.
 *
 * Own search instead of dwarf_addrdie(): that one needs .debug_aranges, which
 * clang does not write. libdw keeps all it has parsed until dwarf_end(), so the
 * handle is closed and opened again whenever it may have grown too much.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/symbol/query.h"

/* More nested inlining than this is cut off at the outer end. */
#define MAX_INLINE_DEPTH 64

/* What libdw is let to hold before it is closed; sizes measured with 0.188. */
#define MAX_DWARF_BYTES ((size_t)32 << 20)
#define BYTES_A_UNIT ((size_t)1024)
#define BYTES_A_LINE ((size_t)48)

typedef struct reader {
    Elf *elf;
    Dwarf *dwarf;
    size_t held; /* bytes libdw is thought to hold */
    evprof_symbol_file_t *file;
} reader_t;

/* The queries of one unit, by address; `dies` has the function of each. */
typedef struct unit {
    Dwarf_Die die;
    evprof_query_t *queries;
    Dwarf_Die *dies;
    bool *has_die;
    size_t count;
    size_t missing; /* queries without a function yet */
} unit_t;

static bool
reader_open(reader_t *reader)
{
    if (reader->dwarf != NULL && reader->held > MAX_DWARF_BYTES) {
        dwarf_end(reader->dwarf);
        reader->dwarf = NULL;
    }
    if (reader->dwarf == NULL) {
        reader->held = 0;
        reader->dwarf = dwarf_begin_elf(reader->elf, DWARF_C_READ, NULL);
    }
    return reader->dwarf != NULL;
}

/* Hands each query to the unit whose ranges hold it. */
static void
claim_ranges(Dwarf_Die *die, evprof_query_t *queries, size_t count)
{
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    ptrdiff_t offset = 0;
    while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
        size_t i = evprof_query_lower(queries, count, start);
        for (; i < count && queries[i].vaddr < end; i++) {
            /* Functions that the linker dropped are left at address 0. */
            if (start != 0 && queries[i].unit == 0) {
                queries[i].unit = dwarf_dieoffset(die);
            }
        }
    }
}

static void
claim_units(reader_t *reader, evprof_query_t *queries, size_t count)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    uint8_t type = 0;
    while (dwarf_get_units(reader->dwarf, unit, &unit, NULL, &type, &die,
                           NULL) == 0) {
        reader->held += BYTES_A_UNIT;
        if (type == DW_UT_compile || type == DW_UT_skeleton) {
            claim_ranges(&die, queries, count);
        }
    }
}

/* Notes `die` as the function of the unit's queries that it holds. */
static void
claim_function(unit_t *unit, Dwarf_Die *die)
{
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    ptrdiff_t offset = 0;
    while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
        size_t i = evprof_query_lower(unit->queries, unit->count, start);
        for (; i < unit->count && unit->queries[i].vaddr < end; i++) {
            if (!unit->has_die[i]) {
                unit->has_die[i] = true;
                unit->dies[i] = *die;
                unit->missing--;
            }
        }
    }
}

static void
claim_functions(unit_t *unit, Dwarf_Die *parent)
{
    Dwarf_Die die;
    if (dwarf_child(parent, &die) != 0) {
        return;
    }
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_subprogram:
            claim_function(unit, &die);
            break;
        case DW_TAG_namespace:
        case DW_TAG_module:
            claim_functions(unit, &die);
            break;
        default:
            break;
        }
    } while (unit->missing > 0 && dwarf_siblingof(&die, &die) == 0);
}

/* The child of `parent` that holds `vaddr` and may hold inlined calls. */
static bool
find_block(Dwarf_Die *parent, uint64_t vaddr, Dwarf_Die *out)
{
    if (dwarf_child(parent, out) != 0) {
        return false;
    }
    do {
        switch (dwarf_tag(out)) {
        case DW_TAG_inlined_subroutine:
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
            if (dwarf_haspc(out, vaddr) == 1) {
                return true;
            }
            break;
        default:
            break;
        }
    } while (dwarf_siblingof(out, out) == 0);
    return false;
}

/* The function and the calls inlined in it around `vaddr`, outermost first. */
static size_t
find_chain(const Dwarf_Die *function, uint64_t vaddr,
           Dwarf_Die chain[MAX_INLINE_DEPTH])
{
    size_t count = 1;
    Dwarf_Die at = *function;
    Dwarf_Die block;
    chain[0] = *function;
    while (count < MAX_INLINE_DEPTH && find_block(&at, vaddr, &block)) {
        if (dwarf_tag(&block) == DW_TAG_inlined_subroutine) {
            chain[count++] = block;
        }
        at = block;
    }
    return count;
}

static const char *
string_of(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attr;
    return dwarf_formstring(dwarf_attr_integrate(die, name, &attr));
}

/* The linker's name where DWARF has it; `symbol` (may be NULL) where it knows
 * more, as for constructors, whose mangled name stands nowhere else. */
static const char *
name_of(Dwarf_Die *die, const char *symbol)
{
    const char *name = string_of(die, DW_AT_linkage_name);
    if (name == NULL) {
        name = string_of(die, DW_AT_MIPS_linkage_name);
    }
    if (name != NULL) {
        return name;
    }
    if (symbol != NULL && strncmp(symbol, "_Z", 2) == 0) {
        return symbol;
    }
    name = string_of(die, DW_AT_name);
    return name == NULL ? symbol : name;
}

/* Where a frame's code stands; both may be unknown (NULL, 0). */
typedef struct place {
    const char *source;
    int64_t line;
} place_t;

/* The file that an attribute's number means in its own unit; may be NULL. Not
 * dwarf_decl_file(): it aborts on split units (0.188). */
static const char *
file_of(Dwarf_Attribute *attr)
{
    Dwarf_Die unit;
    Dwarf_Word number = 0;
    Dwarf_Files *files = NULL;
    size_t count = 0;
    if (dwarf_formudata(attr, &number) != 0 ||
        dwarf_cu_info(attr->cu, NULL, NULL, &unit, NULL, NULL, NULL, NULL) !=
            0 ||
        dwarf_getsrcfiles(&unit, &files, &count) != 0) {
        return NULL;
    }
    return dwarf_filesrc(files, number, NULL, NULL);
}

static int64_t
start_line_of(Dwarf_Die *die, const char *source)
{
    int line = 0;
    Dwarf_Attribute attr;
    if (source == NULL ||
        dwarf_attr_integrate(die, DW_AT_decl_file, &attr) == NULL ||
        dwarf_decl_line(die, &line) != 0) {
        return 0;
    }
    const char *declared = file_of(&attr);
    return declared != NULL && strcmp(declared, source) == 0 ? line : 0;
}

static place_t
place_of_pc(Dwarf_Die *unit, uint64_t vaddr)
{
    place_t place = { NULL, 0 };
    int line = 0;
    Dwarf_Line *row = dwarf_getsrc_die(unit, vaddr);
    if (row != NULL) {
        place.source = dwarf_linesrc(row, NULL, NULL);
        if (dwarf_lineno(row, &line) == 0) {
            place.line = line;
        }
    }
    return place;
}

static place_t
place_of_call(Dwarf_Die *inlined)
{
    place_t place = { NULL, 0 };
    Dwarf_Attribute attr;
    Dwarf_Word line = 0;
    if (dwarf_attr(inlined, DW_AT_call_file, &attr) != NULL) {
        place.source = file_of(&attr);
    }
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attr), &line) ==
        0) {
        place.line = (int64_t)line;
    }
    return place;
}

static int
add_frames(reader_t *reader, unit_t *unit, size_t i)
{
    const evprof_query_t *query = &unit->queries[i];
    evprof_symbol_frame_t frames[MAX_INLINE_DEPTH];
    Dwarf_Die chain[MAX_INLINE_DEPTH];
    evprof_symbol_t symbol = { .vaddr = query->vaddr,
                               .start = query->start,
                               .frames = frames };
    place_t place = { NULL, 0 };
    if (unit->die.cu != NULL) {
        place = place_of_pc(&unit->die, query->vaddr);
    }
    size_t depth =
        unit->has_die[i] ? find_chain(&unit->dies[i], query->vaddr, chain) : 0;

    symbol.is_from_dwarf = depth > 0;
    for (size_t k = depth > 0 ? depth : 1; k-- > 0;) {
        const char *outer_symbol = k == 0 ? query->symbol : NULL;
        Dwarf_Die *die = depth > 0 ? &chain[k] : NULL;
        const char *name =
            die == NULL ? outer_symbol : name_of(die, outer_symbol);
        if (name != NULL) {
            int64_t start = die == NULL ? 0 : start_line_of(die, place.source);
            frames[symbol.count].line = place.line;
            frames[symbol.count].function = evprof_symbol_file_function(
                reader->file, name, place.source, start);
            if (frames[symbol.count++].function == NULL) {
                return EVPROF_ENOMEM;
            }
        }
        if (k > 0) {
            place = place_of_call(die);
        }
    }
    return evprof_symbol_file_add(reader->file, &symbol);
}

/* Opens the unit at `offset`; a skeleton's contents stand in its split file. */
static bool
open_unit(reader_t *reader, uint64_t offset, Dwarf_Die *out)
{
    Dwarf_Die split;
    uint8_t type = 0;
    if (!reader_open(reader) ||
        dwarf_offdie(reader->dwarf, offset, out) == NULL) {
        return false;
    }
    if (dwarf_cu_info(out->cu, NULL, &type, NULL, &split, NULL, NULL, NULL) ==
            0 &&
        type == DW_UT_skeleton && split.cu != NULL) {
        *out = split;
    }
    return true;
}

static int
resolve_unit(reader_t *reader, unit_t *unit)
{
    Dwarf_Lines *lines = NULL;
    size_t line_count = 0;
    if (unit->queries[0].unit != 0 &&
        open_unit(reader, unit->queries[0].unit, &unit->die)) {
        claim_functions(unit, &unit->die);
        if (dwarf_getsrclines(&unit->die, &lines, &line_count) == 0) {
            reader->held += line_count * BYTES_A_LINE;
        }
    } else {
        memset(&unit->die, 0, sizeof(unit->die));
    }
    for (size_t i = 0; i < unit->count; i++) {
        int status = add_frames(reader, unit, i);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int
compare_units(const void *left, const void *right)
{
    const evprof_query_t *a = left;
    const evprof_query_t *b = right;
    if (a->unit != b->unit) {
        return a->unit < b->unit ? -1 : 1;
    }
    return a->vaddr < b->vaddr ? -1 : a->vaddr > b->vaddr;
}

static int
resolve_units(reader_t *reader, evprof_query_t *queries, size_t count)
{
    Dwarf_Die *dies = calloc(count, sizeof(*dies));
    bool *has_die = calloc(count, sizeof(*has_die));
    int status = dies == NULL || has_die == NULL ? EVPROF_ENOMEM : 0;
    qsort(queries, count, sizeof(*queries), compare_units);
    for (size_t i = 0; i < count && status == 0;) {
        size_t end = i + 1;
        while (end < count && queries[end].unit == queries[i].unit) {
            end++;
        }
        unit_t unit = { .queries = queries + i,
                        .dies = dies + i,
                        .has_die = has_die + i,
                        .count = end - i,
                        .missing = end - i };
        status = resolve_unit(reader, &unit);
        i = end;
    }
    free(dies);
    free(has_die);
    return status;
}

int
evprof_dwarf_frames(Elf *elf, evprof_query_t *queries, size_t count,
                    evprof_symbol_file_t *file)
{
    reader_t reader = { .elf = elf, .file = file };
    if (count == 0) {
        return 0;
    }
    if (elf != NULL && reader_open(&reader)) {
        claim_units(&reader, queries, count);
    }
    int status = resolve_units(&reader, queries, count);
    if (reader.dwarf != NULL) {
        dwarf_end(reader.dwarf);
    }
    return status;
}
