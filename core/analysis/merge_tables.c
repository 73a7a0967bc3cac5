/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of many sources as rows of one table. A row of a source is looked up
 * once and remembered; the key says what makes two rows the same thing. A
 * program may be loaded elsewhere in each run, so places in a mapping are
 * compared by their distance from its start.
 *
 * New rows are made in the order in which samples use them. Most rows of the
 * second and later sources are there already; those are found beforehand, table
 * by table, since going through memory in its order is many times faster than
 * in the order of samples.
 */
#include <string.h>

#include "core/analysis/merge_state.h"
#include "core/base/grow.h"
#include "core/base/hash.h"

/* Sizes of mappings are compared in pages; linkers and kernels round them. */
#define PAGE_SIZE UINT64_C(4096)

/* Equal strings of a source have one address, and files are named by many
 * functions: what was found for an address is kept for the next time. */
static const char *
intern(evprof_merger_t *m, const char *text)
{
    uint64_t hash = evprof_hash_mix((uint64_t)(uintptr_t)text);
    evprof_merged_text_t *memo = &m->texts[hash % EVPROF_MERGED_TEXTS];
    if (memo->from != text) {
        memo->to = evprof_strings_intern(&m->out->strings, text);
        memo->from = memo->to == NULL ? NULL : text;
    }
    return memo->to;
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

/* The text by which mappings are told apart: the build id, else the file.
 * Mappings with neither are invented ones, and all equal. */
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

static uint64_t
hash_mapping(const evprof_mapping_t *map)
{
    const char *name = identity(map);
    return evprof_hash(name, strlen(name), rounded_size(map) ^ map->offset);
}

/* The distance from addresses of a source's mapping to those of the merged
 * one. */
static uint64_t
distance(const evprof_merger_t *m, uint32_t row, const evprof_mapping_t *like)
{
    return row == EVPROF_NO_INDEX ? 0
                                  : m->out->mappings[row].start - like->start;
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
        uint64_t hash = hash_mapping(like);
        known->row = find_mapping(m, like, hash);
        if (known->row == EVPROF_INDEX_END) {
            int status = add_mapping(m, like, hash, &known->row);
            if (status != EVPROF_OK) {
                return status;
            }
        }
        known->offset = distance(m, known->row, like);
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

/* The function of a row with texts of the merged profile. EVPROF_ENOMEM. */
static int
own_function(evprof_merger_t *m, uint32_t row, evprof_function_t *own,
             uint64_t *hash)
{
    *own = m->source->functions[row];
    own->name = intern(m, own->name);
    own->system_name = intern(m, own->system_name);
    own->filename = intern(m, own->filename);
    if (own->name == NULL || own->system_name == NULL ||
        own->filename == NULL) {
        return EVPROF_ENOMEM;
    }
    *hash = evprof_hash_mix(hash_address(own->name));
    *hash = evprof_hash_mix(*hash ^ hash_address(own->system_name));
    *hash = evprof_hash_mix(*hash ^ hash_address(own->filename)) ^
            (uint64_t)own->start_line;
    return EVPROF_OK;
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
        evprof_function_t own;
        uint64_t hash;
        int status = own_function(m, row, &own, &hash);
        if (status != EVPROF_OK) {
            return status;
        }
        *known = find_function(m, &own, hash);
        if (*known == EVPROF_INDEX_END) {
            status = add_function(m, &own, hash, known);
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

static bool
reserve_lines(evprof_merger_t *m, uint32_t count)
{
    evprof_line_t *lines =
        evprof_grow(m->lines, &m->line_cap, count, sizeof(*lines));
    m->lines = lines == NULL ? m->lines : lines;
    return lines != NULL;
}

/* The lines of a location with merged functions, in m->lines. */
static int
merge_lines(evprof_merger_t *m, const evprof_location_t *from)
{
    if (!reserve_lines(m, from->line_count)) {
        return EVPROF_ENOMEM;
    }
    for (uint32_t i = 0; i < from->line_count; i++) {
        m->lines[i] = from->lines[i];
        int status =
            merge_function(m, from->lines[i].function, &m->lines[i].function);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

/* The merged form of `from`, whose lines are in m->lines. */
static evprof_location_t
own_location(const evprof_merger_t *m, const evprof_location_t *from,
             const evprof_merged_mapping_t *map, uint64_t *hash)
{
    evprof_location_t own = *from;
    own.mapping = map->row;
    own.address += map->offset;
    own.lines = m->lines;
    *hash = 0;
    for (uint32_t i = 0; i < own.line_count; i++) {
        *hash = evprof_hash_mix(*hash ^ own.lines[i].function) ^
                (uint64_t)own.lines[i].line ^
                (uint64_t)own.lines[i].column << 32;
    }
    *hash = evprof_hash_mix(*hash ^ own.address) ^ own.mapping;
    return own;
}

int
evprof_merger_location(evprof_merger_t *m, uint32_t row, uint32_t *out)
{
    uint32_t *known = &m->location_rows[row];
    if (*known == EVPROF_NO_INDEX) {
        const evprof_location_t *from = &m->source->locations[row];
        evprof_merged_mapping_t map;
        int status = evprof_merger_mapping(m, from->mapping, &map);
        if (status == EVPROF_OK) {
            status = merge_lines(m, from);
        }
        if (status != EVPROF_OK) {
            return status;
        }
        uint64_t hash;
        evprof_location_t own = own_location(m, from, &map, &hash);
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

/* ---- What is there already ---- */

static void
find_mappings(evprof_merger_t *m)
{
    for (size_t i = 0; i < m->source->mapping_count; i++) {
        const evprof_mapping_t *like = &m->source->mappings[i];
        uint32_t row = find_mapping(m, like, hash_mapping(like));
        m->mapping_rows[i] =
            (evprof_merged_mapping_t){ row, distance(m, row, like) };
    }
}

static int
find_functions(evprof_merger_t *m)
{
    for (size_t i = 0; i < m->source->function_count; i++) {
        evprof_function_t own;
        uint64_t hash;
        int status = own_function(m, (uint32_t)i, &own, &hash);
        if (status != EVPROF_OK) {
            return status;
        }
        m->function_rows[i] = find_function(m, &own, hash);
    }
    return EVPROF_OK;
}

/* False: one of its functions is new, and so the location is. */
static bool
know_lines(evprof_merger_t *m, const evprof_location_t *from)
{
    bool are_known = true;
    for (uint32_t i = 0; i < from->line_count && are_known; i++) {
        m->lines[i] = from->lines[i];
        if (from->lines[i].function != EVPROF_NO_INDEX) {
            m->lines[i].function = m->function_rows[from->lines[i].function];
            are_known = m->lines[i].function != EVPROF_NO_INDEX;
        }
    }
    return are_known;
}

int
evprof_merger_find_known(evprof_merger_t *m)
{
    if (m->out->location_count == 0) {
        return EVPROF_OK;
    }
    find_mappings(m);
    int status = find_functions(m);
    for (size_t i = 0; i < m->source->location_count && status == EVPROF_OK;
         i++) {
        const evprof_location_t *from = &m->source->locations[i];
        evprof_merged_mapping_t map = { EVPROF_NO_INDEX, 0 };
        bool has_mapping = from->mapping != EVPROF_NO_INDEX;
        if (has_mapping) {
            map = m->mapping_rows[from->mapping];
        }
        if (!reserve_lines(m, from->line_count)) {
            status = EVPROF_ENOMEM;
        } else if (has_mapping == (map.row != EVPROF_NO_INDEX) &&
                   know_lines(m, from)) {
            uint64_t hash;
            evprof_location_t own = own_location(m, from, &map, &hash);
            m->location_rows[i] = find_location(m, &own, hash);
        }
    }
    return status;
}
