/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of profiles take the has_* flags of a mapping for all its locations:
 * a mapping with has_functions is not symbolized again. So a flag may be true
 * only when each of the mapping's locations has what it claims.
 */
#include "core/symbol/symbol_fill.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/elf/find.h"

static int
put_mapping(evprof_pprof_t *p, const evprof_object_t *object,
            evprof_mapping_t *out)
{
    *out = (evprof_mapping_t){
        .start = object->start,
        .limit = object->limit,
        .offset = object->offset,
        .file = evprof_strings_add(&p->strings, object->path,
                                   evprof_object_path_len(object)),
        .build_id = evprof_strings_intern(&p->strings, object->build_id),
    };
    return out->file == NULL || out->build_id == NULL ? EVPROF_ENOMEM : 0;
}

/* The main program comes first: readers take mapping 0 for it. */
static uint32_t
number_mappings(evprof_symbol_fill_t *fill, const evprof_objects_t *objects,
                const bool *is_used)
{
    uint32_t next = (uint32_t)fill->first_mapping;
    for (size_t i = 0; i < objects->count; i++) {
        fill->mapping_of[i] = EVPROF_NO_INDEX;
    }
    if (objects->count > 0) {
        fill->mapping_of[objects->main_index] = next++;
    }
    for (size_t i = 0; i < objects->count; i++) {
        if (i != objects->main_index &&
            (!objects->items[i].is_gone || is_used[i])) {
            fill->mapping_of[i] = next++;
        }
    }
    return next;
}

static int
put_mappings(evprof_symbol_fill_t *fill, const evprof_objects_t *objects,
             const bool *is_used)
{
    evprof_pprof_t *p = fill->p;
    size_t count = number_mappings(fill, objects, is_used);
    evprof_mapping_t *mappings =
        evprof_arena_extend(&p->arena, p->mappings, p->mapping_count,
                            count - p->mapping_count, sizeof(*mappings));
    if (mappings == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < objects->count; i++) {
        uint32_t at = fill->mapping_of[i];
        if (at != EVPROF_NO_INDEX &&
            put_mapping(p, &objects->items[i], &mappings[at]) != 0) {
            return EVPROF_ENOMEM;
        }
    }
    for (size_t i = 0; i < count; i++) {
        mappings[i].id = i + 1;
    }
    p->mappings = mappings;
    p->mapping_count = count;
    return EVPROF_OK;
}

int
evprof_symbol_fill_begin(evprof_symbol_fill_t *fill,
                         const evprof_objects_t *objects, const bool *is_used,
                         evprof_pprof_t *p)
{
    *fill = (evprof_symbol_fill_t){ .p = p, .first_mapping = p->mapping_count };
    fill->mapping_of = calloc(objects->count + 1, sizeof(*fill->mapping_of));
    return fill->mapping_of == NULL ? EVPROF_ENOMEM
                                    : put_mappings(fill, objects, is_used);
}

void
evprof_symbol_fill_start(evprof_symbol_fill_t *fill, bool is_strict,
                         evprof_pprof_t *p)
{
    *fill = (evprof_symbol_fill_t){ .p = p,
                                    .first_mapping = p->mapping_count,
                                    .is_strict = is_strict };
}

static uint64_t
function_hash(const evprof_function_t *f)
{
    uint64_t hash = evprof_hash_mix((uintptr_t)f->system_name);
    hash = evprof_hash_mix(hash ^ (uintptr_t)f->filename);
    return evprof_hash_mix(hash ^ (uint64_t)f->start_line);
}

static uint32_t
find_function(const evprof_symbol_fill_t *fill, const evprof_function_t *wanted)
{
    evprof_index_walk_t walk =
        evprof_index_walk(&fill->function_index, function_hash(wanted));
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        const evprof_function_t *f = &fill->functions[row];
        if (f->name == wanted->name && f->system_name == wanted->system_name &&
            f->filename == wanted->filename &&
            f->start_line == wanted->start_line) {
            break;
        }
    }
    return row;
}

static int
add_function(evprof_symbol_fill_t *fill, const evprof_function_t *f)
{
    evprof_function_t *functions =
        evprof_grow(fill->functions, &fill->function_cap,
                    fill->function_count + 1, sizeof(*functions));
    if (functions == NULL) {
        return EVPROF_ENOMEM;
    }
    fill->functions = functions;
    functions[fill->function_count] = *f;
    return evprof_index_add(&fill->function_index, function_hash(f),
                            (uint32_t)fill->function_count++);
}

/* The index of a function in fill->functions, added if it is new. */
static int
function_index(evprof_symbol_fill_t *fill, const evprof_symbol_function_t *from,
               uint32_t *out)
{
    evprof_strings_t *strings = &fill->p->strings;
    evprof_function_t f = {
        .name = evprof_strings_intern(
            strings, fill->is_strict ? from->system_name : from->name),
        .system_name = evprof_strings_intern(strings, from->system_name),
        .filename = evprof_strings_intern(strings, from->file),
        .start_line = from->start_line,
    };
    if (f.name == NULL || f.system_name == NULL || f.filename == NULL) {
        return EVPROF_ENOMEM;
    }
    *out = find_function(fill, &f);
    if (*out != EVPROF_INDEX_END) {
        return EVPROF_OK;
    }
    *out = (uint32_t)fill->function_count;
    return add_function(fill, &f);
}

int
evprof_symbol_fill(evprof_symbol_fill_t *fill, uint32_t location,
                   const evprof_symbol_t *symbol)
{
    evprof_pprof_t *p = fill->p;
    if (symbol == NULL || symbol->count == 0) {
        return EVPROF_OK;
    }
    evprof_line_t *lines =
        evprof_arena_calloc(&p->arena, symbol->count, sizeof(*lines));
    if (lines == NULL) {
        return EVPROF_ENOMEM;
    }
    for (uint32_t i = 0; i < symbol->count; i++) {
        uint32_t index = 0;
        int status = function_index(fill, symbol->frames[i].function, &index);
        if (status != EVPROF_OK) {
            return status;
        }
        lines[i].function = (uint32_t)p->function_count + index;
        lines[i].line = symbol->frames[i].line;
        lines[i].column = symbol->frames[i].column;
    }
    evprof_location_t *at = &p->locations[location];
    at->lines = lines;
    at->line_count = symbol->count;
    if (symbol->is_from_dwarf && at->mapping != EVPROF_NO_INDEX) {
        p->mappings[at->mapping].has_inline_frames = true;
    }
    return EVPROF_OK;
}

static int
move_functions(evprof_symbol_fill_t *fill)
{
    evprof_pprof_t *p = fill->p;
    size_t count = p->function_count + fill->function_count;
    evprof_function_t *functions =
        evprof_arena_extend(&p->arena, p->functions, p->function_count,
                            fill->function_count, sizeof(*functions));
    if (functions == NULL) {
        return EVPROF_ENOMEM;
    }
    if (fill->function_count > 0) {
        memcpy(functions + p->function_count, fill->functions,
               fill->function_count * sizeof(*functions));
    }
    for (size_t i = 0; i < count; i++) {
        functions[i].id = i + 1;
    }
    p->functions = functions;
    p->function_count = count;
    return EVPROF_OK;
}

/* Sets the has_* flags: true for a mapping with locations, until one of them
 * lacks what the flag claims. */
static void
set_claims(const evprof_symbol_fill_t *fill)
{
    evprof_pprof_t *p = fill->p;
    for (size_t i = 0; i < p->location_count; i++) {
        uint32_t mapping = p->locations[i].mapping;
        if (mapping != EVPROF_NO_INDEX && mapping >= fill->first_mapping) {
            evprof_mapping_t *m = &p->mappings[mapping];
            m->has_functions = m->has_filenames = m->has_line_numbers = true;
        }
    }
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *location = &p->locations[i];
        if (location->mapping == EVPROF_NO_INDEX ||
            location->mapping < fill->first_mapping) {
            continue;
        }
        evprof_mapping_t *m = &p->mappings[location->mapping];
        if (location->line_count == 0) {
            m->has_functions = m->has_filenames = m->has_line_numbers = false;
            m->has_inline_frames = false;
        }
        for (uint32_t k = 0; k < location->line_count; k++) {
            const evprof_line_t *line = &location->lines[k];
            const evprof_function_t *f = &p->functions[line->function];
            m->has_filenames = m->has_filenames && f->filename[0] != '\0';
            m->has_line_numbers = m->has_line_numbers && line->line > 0;
        }
    }
}

int
evprof_symbol_fill_end(evprof_symbol_fill_t *fill)
{
    int status = move_functions(fill);
    if (status == EVPROF_OK) {
        set_claims(fill);
    }
    return status;
}

void
evprof_symbol_fill_free(evprof_symbol_fill_t *fill)
{
    evprof_index_free(&fill->function_index);
    free(fill->mapping_of);
    free(fill->functions);
}
