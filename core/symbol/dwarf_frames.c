/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from DWARF. One pass per batch over the compilation units assigns each
 * address to the unit whose ranges hold it. Then, unit by unit, the functions
 * that hold the addresses are found, the inlined calls inside them, and the
 * lines.
 *
 * dwarf_addrdie() cannot do the first step: it needs .debug_aranges, which
 * clang does not write. libdw keeps all it has parsed until dwarf_end(), so its
 * handle is closed and reopened when it may have grown too much.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/symbol/dwarf_reader.h"

/* Frames of inlined calls beyond this depth are dropped, the innermost
 * first. */
#define MAX_INLINE_DEPTH 64

/* The memory that libdw may hold before its handle is closed. The two estimates
 * were measured with version 0.188. */
#define MAX_DWARF_BYTES ((size_t)32 << 20)
#define BYTES_A_UNIT ((size_t)1024)
#define BYTES_A_LINE ((size_t)48)

/* Lexical blocks nested deeper than this are not searched. */
#define MAX_BLOCK_DEPTH 256

typedef evprof_dwarf_reader_t reader_t;

/* The queries of one unit, sorted by address; dies[i] is the function of
 * queries[i]. */
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
        evprof_dwarf_names_forget(reader);
    }
    if (reader->dwarf == NULL) {
        reader->held = 0;
        reader->has_units = false;
        reader->dwarf = dwarf_begin_elf(reader->elf, DWARF_C_READ, NULL);
    }
    return reader->dwarf != NULL;
}

/* Assigns to the unit the queries that its ranges hold. */
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
            /* Functions that the linker has dropped have ranges from address
             * 0. */
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
        reader->held += reader->has_units ? 0 : BYTES_A_UNIT;
        if (type == DW_UT_compile || type == DW_UT_skeleton) {
            claim_ranges(&die, queries, count);
        }
    }
    reader->has_units = true;
}

/* Sets `die` as the function of the queries that its ranges hold. */
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

/* Whether a DIE of that tag may have functions below it. gcc puts the code of a
 * lambda into the lambda's class, inside the function. */
static bool
may_hold_functions(int tag, bool is_thorough)
{
    switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
        return true;
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
        return is_thorough;
    default:
        return false;
    }
}

static void
claim_functions(unit_t *unit, Dwarf_Die *parent, bool is_thorough, size_t depth)
{
    Dwarf_Die die;
    if (depth > MAX_BLOCK_DEPTH || dwarf_child(parent, &die) != 0) {
        return;
    }
    do {
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_subprogram) {
            claim_function(unit, &die);
        }
        if (may_hold_functions(tag, is_thorough)) {
            claim_functions(unit, &die, is_thorough, depth + 1);
        }
    } while (unit->missing > 0 && dwarf_siblingof(&die, &die) == 0);
}

typedef struct chain {
    Dwarf_Die dies[MAX_INLINE_DEPTH]; /* outermost first */
    size_t count;
} chain_t;

/* Adds the inlined calls around `vaddr` below `parent`. Two sibling blocks may
 * both hold the address, and only one of them the call. */
static bool
extend_chain(chain_t *chain, Dwarf_Die *parent, uint64_t vaddr, size_t depth)
{
    Dwarf_Die die;
    if (depth > MAX_BLOCK_DEPTH || chain->count == MAX_INLINE_DEPTH ||
        dwarf_child(parent, &die) != 0) {
        return false;
    }
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_inlined_subroutine:
            if (dwarf_haspc(&die, vaddr) == 1) {
                chain->dies[chain->count++] = die;
                (void)extend_chain(chain, &die, vaddr, depth + 1);
                return true;
            }
            break;
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
            if (dwarf_haspc(&die, vaddr) == 1 &&
                extend_chain(chain, &die, vaddr, depth + 1)) {
                return true;
            }
            break;
        default:
            break;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

/* Appends a frame, unless it has no name at all. */
static int
add_frame(reader_t *reader, evprof_symbol_t *symbol,
          evprof_symbol_frame_t *frames, Dwarf_Die *die,
          const evprof_query_t *query, const evprof_dwarf_place_t *place)
{
    evprof_dwarf_name_t name = { NULL, query == NULL ? NULL : query->symbol };
    int64_t start = 0;
    if (die != NULL) {
        name = evprof_dwarf_name_of(reader, die, query);
        start = evprof_dwarf_start_line(reader, die, place->source);
    }
    if (name.system_name == NULL) {
        return EVPROF_OK;
    }
    const evprof_symbol_function_t *function = evprof_symbol_file_function(
        reader->file, name.name, name.system_name, place->source, start);
    if (function == NULL) {
        return EVPROF_ENOMEM;
    }
    frames[symbol->count++] = (evprof_symbol_frame_t){
        .function = function, .line = place->line, .column = place->column
    };
    return EVPROF_OK;
}

static int
add_frames(reader_t *reader, unit_t *unit, size_t i)
{
    const evprof_query_t *query = &unit->queries[i];
    evprof_symbol_frame_t frames[MAX_INLINE_DEPTH];
    chain_t chain = { .count = 0 };
    evprof_symbol_t symbol = { .vaddr = query->vaddr,
                               .start = query->start,
                               .frames = frames,
                               .is_from_dwarf = unit->has_die[i] };
    evprof_dwarf_place_t place = { NULL, 0, 0 };
    int status = EVPROF_OK;
    if (unit->die.cu != NULL) {
        place = evprof_dwarf_place_of_pc(reader, &unit->die, query->vaddr);
    }
    if (!unit->has_die[i]) {
        status = add_frame(reader, &symbol, frames, NULL, query, &place);
    } else {
        chain.dies[chain.count++] = unit->dies[i];
        (void)extend_chain(&chain, &unit->dies[i], query->vaddr, 0);
    }
    for (size_t k = chain.count; k-- > 0 && status == EVPROF_OK;) {
        status = add_frame(reader, &symbol, frames, &chain.dies[k],
                           k == 0 ? query : NULL, &place);
        if (k > 0) {
            place = evprof_dwarf_place_of_call(reader, &chain.dies[k]);
        }
    }
    return status == EVPROF_OK ? evprof_symbol_file_add(reader->file, &symbol)
                               : status;
}

/* Opens the unit at `offset`; for a skeleton unit, its split unit. */
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
        claim_functions(unit, &unit->die, false, 0);
        if (unit->missing > 0) {
            claim_functions(unit, &unit->die, true, 0);
        }
        if (dwarf_getsrclines(&unit->die, &lines, &line_count) == 0) {
            reader->held += line_count * BYTES_A_LINE;
        }
    } else {
        memset(&unit->die, 0, sizeof(unit->die));
    }
    for (size_t i = 0; i < unit->count; i++) {
        int status = add_frames(reader, unit, i);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
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
    for (size_t i = 0; i < count && status == EVPROF_OK;) {
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
evprof_dwarf_frames(reader_t *reader, evprof_query_t *queries, size_t count,
                    evprof_symbol_file_t *file)
{
    reader->file = file;
    if (count == 0) {
        return EVPROF_OK;
    }
    if (reader->elf != NULL && reader_open(reader)) {
        claim_units(reader, queries, count);
    }
    return resolve_units(reader, queries, count);
}

void
evprof_dwarf_close(reader_t *reader)
{
    if (reader->dwarf != NULL) {
        dwarf_end(reader->dwarf);
    }
    evprof_strings_free(&reader->strings);
    evprof_buf_free(&reader->scratch);
    evprof_dwarf_names_forget(reader);
    *reader = (reader_t){ 0 };
}
