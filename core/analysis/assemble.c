/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. Tables grow by malloc and move into the arena at the end. */
#include "core/analysis/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/hash.h"

void
evprof_assembly_begin(evprof_assembly_t *a)
{
    *a = (evprof_assembly_t){ .profile = evprof_pprof_new() };
    a->status = a->profile == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

static void
no_memory(evprof_assembly_t *a)
{
    a->status = EVPROF_ENOMEM;
}

const char *
evprof_assembly_text(evprof_assembly_t *a, const char *text, size_t len)
{
    const char *own = a->status != EVPROF_OK
                          ? NULL
                          : evprof_strings_add(&a->profile->strings, text, len);
    if (own == NULL) {
        no_memory(a);
        return "";
    }
    return own;
}

static const char *
intern(evprof_assembly_t *a, const char *text)
{
    return evprof_assembly_text(a, text, strlen(text));
}

void
evprof_assembly_type(evprof_assembly_t *a, const char *type, const char *unit)
{
    evprof_value_type_t column = { intern(a, type), intern(a, unit) };
    if (a->status != EVPROF_OK) {
        return;
    }
    evprof_pprof_t *p = a->profile;
    evprof_value_type_t *types =
        evprof_grow(p->types, &a->type_cap, p->type_count + 1, sizeof(*types));
    if (types == NULL) {
        no_memory(a);
        return;
    }
    p->types = types;
    types[p->type_count++] = column;
}

void
evprof_assembly_period(evprof_assembly_t *a, const char *type, const char *unit,
                       int64_t period)
{
    evprof_value_type_t column = { intern(a, type), intern(a, unit) };
    if (a->status == EVPROF_OK) {
        a->profile->period_type = column;
        a->profile->period = period;
    }
}

/* Where a location's hash begins: its address and its function. */
static uint64_t
hash_place(uint64_t address, uint32_t function)
{
    return evprof_hash_mix(address) ^ function;
}

/* The location with that address and function (EVPROF_NO_INDEX: no line). */
static uint32_t
find_place(const evprof_assembly_t *a, uint64_t address, uint32_t function,
           uint32_t mapping)
{
    evprof_index_walk_t walk =
        evprof_index_walk(&a->locations, hash_place(address, function));
    for (;;) {
        uint32_t row = evprof_index_next(&walk);
        if (row == EVPROF_INDEX_END) {
            return row;
        }
        const evprof_location_t *l = &a->profile->locations[row];
        uint32_t own =
            l->line_count == 0 ? EVPROF_NO_INDEX : l->lines[0].function;
        if (l->address == address && own == function && l->mapping == mapping) {
            return row;
        }
    }
}

static uint32_t
add_place(evprof_assembly_t *a, const evprof_location_t *like,
          uint32_t function)
{
    evprof_pprof_t *p = a->profile;
    evprof_location_t *locations =
        evprof_grow(p->locations, &a->location_cap, p->location_count + 1,
                    sizeof(*locations));
    if (locations == NULL || p->location_count >= EVPROF_NO_INDEX - 1) {
        no_memory(a);
        return 0;
    }
    p->locations = locations;
    uint32_t row = (uint32_t)p->location_count++;
    locations[row] = *like;
    if (evprof_index_add(&a->locations, hash_place(like->address, function),
                         row) != EVPROF_OK) {
        no_memory(a);
    }
    return row;
}

uint32_t
evprof_assembly_find(const evprof_assembly_t *a, uint64_t address)
{
    return find_place(a, address, EVPROF_NO_INDEX, EVPROF_NO_INDEX);
}

uint32_t
evprof_assembly_address(evprof_assembly_t *a, uint64_t address)
{
    if (a->status != EVPROF_OK) {
        return 0;
    }
    uint32_t row = evprof_assembly_find(a, address);
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    evprof_location_t place = { .address = address,
                                .mapping = EVPROF_NO_INDEX };
    return add_place(a, &place, EVPROF_NO_INDEX);
}

uint32_t
evprof_assembly_function(evprof_assembly_t *a, const evprof_named_frame_t *f)
{
    const char *name = evprof_assembly_text(a, f->name, f->name_len);
    const char *file = f->file == NULL
                           ? intern(a, "")
                           : evprof_assembly_text(a, f->file, f->file_len);
    if (a->status != EVPROF_OK) {
        return 0;
    }
    evprof_pprof_t *p = a->profile;
    uint64_t hash = (uint64_t)(uintptr_t)name;
    evprof_index_walk_t walk = evprof_index_walk(&a->functions, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && p->functions[row].name != name) {
        row = evprof_index_next(&walk);
    }
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    evprof_function_t *functions =
        evprof_grow(p->functions, &a->function_cap, p->function_count + 1,
                    sizeof(*functions));
    if (functions == NULL) {
        no_memory(a);
        return 0;
    }
    p->functions = functions;
    row = (uint32_t)p->function_count++;
    functions[row] = (evprof_function_t){ row + 1, name, name, file, 0 };
    if (evprof_index_add(&a->functions, hash, row) != EVPROF_OK) {
        no_memory(a);
    }
    return row;
}

uint32_t
evprof_assembly_frame(evprof_assembly_t *a, const evprof_named_frame_t *f)
{
    uint32_t function = evprof_assembly_function(a, f);
    if (a->status != EVPROF_OK) {
        return 0;
    }
    uint32_t row = find_place(a, f->address, function, f->mapping);
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    evprof_line_t *line =
        evprof_arena_calloc(&a->profile->arena, 1, sizeof(*line));
    if (line == NULL) {
        no_memory(a);
        return 0;
    }
    line->function = function;
    evprof_location_t place = { .address = f->address,
                                .mapping = f->mapping,
                                .lines = line,
                                .line_count = 1 };
    return add_place(a, &place, function);
}

uint32_t
evprof_assembly_mapping(evprof_assembly_t *a, const evprof_mapping_t *mapping)
{
    evprof_mapping_t own = *mapping;
    own.file = intern(a, mapping->file);
    own.build_id = intern(a, mapping->build_id);
    if (a->status != EVPROF_OK) {
        return EVPROF_NO_INDEX;
    }
    evprof_pprof_t *p = a->profile;
    evprof_mapping_t *mappings = evprof_grow(
        p->mappings, &a->mapping_cap, p->mapping_count + 1, sizeof(*mappings));
    if (mappings == NULL) {
        no_memory(a);
        return EVPROF_NO_INDEX;
    }
    p->mappings = mappings;
    own.id = p->mapping_count + 1;
    mappings[p->mapping_count] = own;
    return (uint32_t)p->mapping_count++;
}

static void *
keep(evprof_assembly_t *a, const void *rows, size_t count, size_t size)
{
    void *copy = evprof_arena_alloc(&a->profile->arena, count * size);
    if (copy == NULL) {
        no_memory(a);
    } else if (count > 0) {
        memcpy(copy, rows, count * size);
    }
    return copy;
}

void
evprof_assembly_sample(evprof_assembly_t *a, const uint32_t *locations,
                       size_t count, const int64_t *values,
                       const evprof_label_t *label)
{
    if (a->status != EVPROF_OK) {
        return;
    }
    evprof_pprof_t *p = a->profile;
    evprof_sample_t *samples = evprof_grow(
        p->samples, &a->sample_cap, p->sample_count + 1, sizeof(*samples));
    if (samples == NULL || count >= UINT32_MAX) {
        no_memory(a);
        return;
    }
    p->samples = samples;
    evprof_sample_t *s = &samples[p->sample_count++];
    *s = (evprof_sample_t){ .location_count = (uint32_t)count };
    s->locations = keep(a, locations, count, sizeof(*locations));
    s->values = keep(a, values, p->type_count, sizeof(*values));
    if (label != NULL) {
        evprof_label_t own = *label;
        own.key = intern(a, label->key);
        own.text = label->text == NULL ? NULL : intern(a, label->text);
        own.unit = intern(a, label->unit);
        s->labels = keep(a, &own, 1, sizeof(own));
        s->label_count = 1;
    }
}

/* Rows in the order of their first use. */
typedef struct order {
    uint32_t *news; /* of each old row; EVPROF_NO_INDEX: unused */
    uint32_t *olds; /* of each new row */
    size_t count;
} order_t;

static bool
make_order(order_t *o, size_t rows)
{
    o->news = malloc((rows + 1) * sizeof(*o->news));
    o->olds = malloc((rows + 1) * sizeof(*o->olds));
    if (o->news != NULL) {
        memset(o->news, 0xff, (rows + 1) * sizeof(*o->news));
    }
    return o->news != NULL && o->olds != NULL;
}

static void
free_order(order_t *o)
{
    free(o->news);
    free(o->olds);
}

static uint32_t
new_row(order_t *o, uint32_t old)
{
    if (o->news[old] == EVPROF_NO_INDEX) {
        o->news[old] = (uint32_t)o->count;
        o->olds[o->count++] = old;
    }
    return o->news[old];
}

static void
order_locations(evprof_assembly_t *a)
{
    evprof_pprof_t *p = a->profile;
    order_t o = { 0 };
    if (!make_order(&o, p->location_count)) {
        no_memory(a);
    }
    for (size_t i = 0; i < p->sample_count && a->status == EVPROF_OK; i++) {
        evprof_sample_t *s = &p->samples[i];
        for (uint32_t n = 0; n < s->location_count; n++) {
            s->locations[n] = new_row(&o, s->locations[n]);
        }
    }
    evprof_location_t *rows =
        evprof_arena_calloc(&p->arena, o.count, sizeof(*rows));
    if (rows == NULL) {
        no_memory(a);
    }
    for (size_t i = 0; i < o.count && a->status == EVPROF_OK; i++) {
        rows[i] = p->locations[o.olds[i]];
        rows[i].id = i + 1;
    }
    free(p->locations);
    p->locations = rows;
    p->location_count = a->status == EVPROF_OK ? o.count : 0;
    free_order(&o);
}

static void
order_functions(evprof_assembly_t *a)
{
    evprof_pprof_t *p = a->profile;
    order_t o = { 0 };
    if (!make_order(&o, p->function_count)) {
        no_memory(a);
    }
    for (size_t i = 0; i < p->location_count && a->status == EVPROF_OK; i++) {
        for (uint32_t n = 0; n < p->locations[i].line_count; n++) {
            evprof_line_t *line = &p->locations[i].lines[n];
            line->function = new_row(&o, line->function);
        }
    }
    evprof_function_t *rows =
        evprof_arena_calloc(&p->arena, o.count, sizeof(*rows));
    if (rows == NULL) {
        no_memory(a);
    }
    for (size_t i = 0; i < o.count && a->status == EVPROF_OK; i++) {
        rows[i] = p->functions[o.olds[i]];
        rows[i].id = i + 1;
    }
    free(p->functions);
    p->functions = rows;
    p->function_count = a->status == EVPROF_OK ? o.count : 0;
    free_order(&o);
}

void
evprof_assembly_order(evprof_assembly_t *a)
{
    if (a->profile != NULL && !a->is_ordered) {
        order_locations(a);
        order_functions(a);
        a->is_ordered = true;
    }
}

/* Moves an array of malloc into the arena. */
static void *
settle(evprof_assembly_t *a, void *rows, size_t count, size_t size)
{
    void *own = keep(a, rows, count, size);
    free(rows);
    return own;
}

int
evprof_assembly_end(evprof_assembly_t *a, int status, evprof_pprof_t **out,
                    evprof_error_t *err)
{
    evprof_pprof_t *p = a->profile;
    if (p != NULL) {
        evprof_assembly_order(a);
        p->types = settle(a, p->types, p->type_count, sizeof(*p->types));
        p->samples =
            settle(a, p->samples, p->sample_count, sizeof(*p->samples));
        p->mappings =
            settle(a, p->mappings, p->mapping_count, sizeof(*p->mappings));
    }
    evprof_index_free(&a->locations);
    evprof_index_free(&a->functions);
    if (status == EVPROF_OK && a->status != EVPROF_OK) {
        status = evprof_fail(err, a->status, "parsing profile: out of memory");
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        return status;
    }
    *out = p;
    return EVPROF_OK;
}
