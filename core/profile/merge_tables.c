/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of many sources as rows of one table. A row of a source is looked up
 * once and remembered; the key says what makes two rows the same thing. A
 * program may be loaded elsewhere in each run, so places in a mapping are
 * compared by their distance from its start.
 */
#include <string.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/profile/merge_state.h"

/* Sizes of mappings are compared in pages; linkers and kernels round them. */
#define PAGE_SIZE UINT64_C(4096)

static const char *
intern(evprof_merger_t *m, const char *text)
{
    return evprof_strings_intern(&m->out->strings, text);
}

static uint64_t
hash_address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static uint64_t
rounded_size(const evprof_mapping_t *map)
{
    return (map->limit - map->start + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* What tells mappings apart: the build id, else the file; neither, and they are
 * made up and all the same. */
static const char *
identity(const evprof_mapping_t *map)
{
    return map->build_id[0] != '\0' ? map->build_id : map->file;
}

static uint32_t
find_mapping(const evprof_merger_t *m, const evprof_mapping_t *like,
             uint64_t hash)
{
    evprof_index_walk_t walk = evprof_index_walk(&m->mappings, hash);
    for (;;) {
        uint32_t row = evprof_index_next(&walk);
        if (row == EVPROF_INDEX_END) {
            return row;
        }
        const evprof_mapping_t *map = &m->out->mappings[row];
        if (map->offset == like->offset &&
            rounded_size(map) == rounded_size(like) &&
            strcmp(identity(map), identity(like)) == 0) {
            return row;
        }
    }
}

static int
add_mapping(evprof_merger_t *m, const evprof_mapping_t *like, uint64_t hash,
            uint32_t *out)
{
    evprof_pprof_t *p = m->out;
    evprof_mapping_t *mappings = evprof_grow(
        p->mappings, &m->mapping_cap, p->mapping_count + 1, sizeof(*mappings));
    if (mappings == NULL) {
        return EVPROF_ENOMEM;
    }
    p->mappings = mappings;
    evprof_mapping_t map = *like;
    map.id = p->mapping_count + 1;
    map.file = intern(m, like->file);
    map.build_id = intern(m, like->build_id);
    if (map.file == NULL || map.build_id == NULL) {
        return EVPROF_ENOMEM;
    }
    *out = (uint32_t)p->mapping_count;
    mappings[p->mapping_count++] = map;
    return evprof_index_add(&m->mappings, hash, *out);
}

int
evprof_merger_mapping(evprof_merger_t *m, uint32_t row,
                      evprof_merged_mapping_t *out)
{
    if (row == EVPROF_NO_INDEX) {
        *out = (evprof_merged_mapping_t){ EVPROF_NO_INDEX, 0 };
        return EVPROF_OK;
    }
    evprof_merged_mapping_t *known = &m->mapping_rows[row];
    if (known->row == EVPROF_NO_INDEX) {
        const evprof_mapping_t *like = &m->source->mappings[row];
        const char *name = identity(like);
        uint64_t hash =
            evprof_hash(name, strlen(name), rounded_size(like) ^ like->offset);
        known->row = find_mapping(m, like, hash);
        if (known->row == EVPROF_INDEX_END) {
            int status = add_mapping(m, like, hash, &known->row);
            if (status != EVPROF_OK) {
                return status;
            }
        }
        known->offset = m->out->mappings[known->row].start - like->start;
    }
    *out = *known;
    return EVPROF_OK;
}

static uint32_t
find_function(const evprof_merger_t *m, const evprof_function_t *like,
              uint64_t hash)
{
    evprof_index_walk_t walk = evprof_index_walk(&m->functions, hash);
    for (;;) {
        uint32_t row = evprof_index_next(&walk);
        if (row == EVPROF_INDEX_END) {
            return row;
        }
        const evprof_function_t *f = &m->out->functions[row];
        if (f->name == like->name && f->system_name == like->system_name &&
            f->filename == like->filename &&
            f->start_line == like->start_line) {
            return row;
        }
    }
}

static int
add_function(evprof_merger_t *m, const evprof_function_t *own, uint64_t hash,
             uint32_t *out)
{
    evprof_pprof_t *p = m->out;
    evprof_function_t *functions =
        evprof_grow(p->functions, &m->function_cap, p->function_count + 1,
                    sizeof(*functions));
    if (functions == NULL) {
        return EVPROF_ENOMEM;
    }
    p->functions = functions;
    *out = (uint32_t)p->function_count;
    functions[p->function_count] = *own;
    functions[p->function_count].id = p->function_count + 1;
    p->function_count++;
    return evprof_index_add(&m->functions, hash, *out);
}

static int
merge_function(evprof_merger_t *m, uint32_t row, uint32_t *out)
{
    if (row == EVPROF_NO_INDEX) {
        *out = row;
        return EVPROF_OK;
    }
    uint32_t *known = &m->function_rows[row];
    if (*known == EVPROF_NO_INDEX) {
        evprof_function_t own = m->source->functions[row];
        own.name = intern(m, own.name);
        own.system_name = intern(m, own.system_name);
        own.filename = intern(m, own.filename);
        if (own.name == NULL || own.system_name == NULL ||
            own.filename == NULL) {
            return EVPROF_ENOMEM;
        }
        uint64_t hash = evprof_hash_mix(hash_address(own.name));
        hash = evprof_hash_mix(hash ^ hash_address(own.system_name));
        hash = evprof_hash_mix(hash ^ hash_address(own.filename)) ^
               (uint64_t)own.start_line;
        *known = find_function(m, &own, hash);
        if (*known == EVPROF_INDEX_END) {
            int status = add_function(m, &own, hash, known);
            if (status != EVPROF_OK) {
                return status;
            }
        }
    }
    *out = *known;
    return EVPROF_OK;
}

static bool
lines_equal(const evprof_line_t *a, const evprof_line_t *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (a[i].function != b[i].function || a[i].line != b[i].line ||
            a[i].column != b[i].column) {
            return false;
        }
    }
    return true;
}

static uint32_t
find_location(const evprof_merger_t *m, const evprof_location_t *like,
              uint64_t hash)
{
    evprof_index_walk_t walk = evprof_index_walk(&m->locations, hash);
    for (;;) {
        uint32_t row = evprof_index_next(&walk);
        if (row == EVPROF_INDEX_END) {
            return row;
        }
        const evprof_location_t *l = &m->out->locations[row];
        if (l->address == like->address && l->mapping == like->mapping &&
            l->is_folded == like->is_folded &&
            l->line_count == like->line_count &&
            lines_equal(l->lines, like->lines, l->line_count)) {
            return row;
        }
    }
}

static int
add_location(evprof_merger_t *m, const evprof_location_t *like, uint64_t hash,
             uint32_t *out)
{
    evprof_pprof_t *p = m->out;
    evprof_location_t *locations =
        evprof_grow(p->locations, &m->location_cap, p->location_count + 1,
                    sizeof(*locations));
    if (locations == NULL) {
        return EVPROF_ENOMEM;
    }
    p->locations = locations;
    evprof_location_t own = *like;
    own.id = p->location_count + 1;
    own.lines =
        evprof_arena_calloc(&p->arena, own.line_count, sizeof(*own.lines));
    if (own.lines == NULL) {
        return EVPROF_ENOMEM;
    }
    if (own.line_count > 0) {
        memcpy(own.lines, like->lines, own.line_count * sizeof(*own.lines));
    }
    *out = (uint32_t)p->location_count;
    locations[p->location_count++] = own;
    return evprof_index_add(&m->locations, hash, *out);
}

/* The lines of a location with merged functions, in m->lines. */
static int
merge_lines(evprof_merger_t *m, const evprof_location_t *from, uint64_t *hash)
{
    evprof_line_t *lines =
        evprof_grow(m->lines, &m->line_cap, from->line_count, sizeof(*lines));
    if (lines == NULL) {
        return EVPROF_ENOMEM;
    }
    m->lines = lines;
    for (uint32_t i = 0; i < from->line_count; i++) {
        lines[i] = from->lines[i];
        int status =
            merge_function(m, from->lines[i].function, &lines[i].function);
        if (status != EVPROF_OK) {
            return status;
        }
        *hash = evprof_hash_mix(*hash ^ lines[i].function) ^
                (uint64_t)lines[i].line ^ (uint64_t)lines[i].column << 32;
    }
    return EVPROF_OK;
}

int
evprof_merger_location(evprof_merger_t *m, uint32_t row, uint32_t *out)
{
    uint32_t *known = &m->location_rows[row];
    if (*known == EVPROF_NO_INDEX) {
        const evprof_location_t *from = &m->source->locations[row];
        evprof_merged_mapping_t map;
        uint64_t hash = 0;
        int status = evprof_merger_mapping(m, from->mapping, &map);
        if (status == EVPROF_OK) {
            status = merge_lines(m, from, &hash);
        }
        if (status != EVPROF_OK) {
            return status;
        }
        evprof_location_t own = *from;
        own.mapping = map.row;
        own.address += map.offset;
        own.lines = m->lines;
        hash = evprof_hash_mix(hash ^ own.address) ^ own.mapping;
        *known = find_location(m, &own, hash);
        if (*known == EVPROF_INDEX_END) {
            status = add_location(m, &own, hash, known);
            if (status != EVPROF_OK) {
                return status;
            }
        }
    }
    *out = *known;
    return EVPROF_OK;
}
