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

/* The seed of a location's hash: its address and its first function. */
static uint64_t
hash_place(uint64_t address, const evprof_line_t *lines, size_t count)
{
    return evprof_hash_mix(address) ^
           (count == 0 ? EVPROF_NO_INDEX : lines[0].function);
}

static bool
has_lines(const evprof_location_t *l, const evprof_line_t *lines, size_t count)
{
    bool is_same = l->line_count == count;
    for (size_t i = 0; is_same && i < count; i++) {
        is_same = l->lines[i].function == lines[i].function &&
                  l->lines[i].line == lines[i].line;
    }
    return is_same;
}

/* The location like that one, or EVPROF_INDEX_END. */
static uint32_t
find_place(const evprof_assembly_t *a, const evprof_location_t *like)
{
    evprof_index_walk_t walk =
        evprof_index_walk(&a->locations, hash_place(like->address, like->lines,
                                                    like->line_count));
    for (;;) {
        uint32_t row = evprof_index_next(&walk);
        if (row == EVPROF_INDEX_END) {
            return row;
        }
        const evprof_location_t *l = &a->profile->locations[row];
        if (l->address == like->address && l->mapping == like->mapping &&
            has_lines(l, like->lines, like->line_count)) {
            return row;
        }
    }
}

static uint32_t
add_place(evprof_assembly_t *a, const evprof_location_t *like)
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
    uint64_t hash = hash_place(like->address, like->lines, like->line_count);
    if (evprof_index_add(&a->locations, hash, row) != EVPROF_OK) {
        no_memory(a);
    }
    return row;
}

uint32_t
evprof_assembly_find(const evprof_assembly_t *a, uint64_t address)
{
    const evprof_location_t place = { .address = address,
                                      .mapping = EVPROF_NO_INDEX };
    return find_place(a, &place);
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
    return add_place(a, &place);
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
        if (p->functions[row].filename[0] == '\0') {
            p->functions[row].filename = file;
        }
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

uint32_t
evprof_assembly_frames(evprof_assembly_t *a, const evprof_named_frame_t *frames,
                       size_t count)
{
    evprof_line_t lines[EVPROF_ASSEMBLY_INLINED];
    for (size_t i = 0; i < count; i++) {
        lines[i] = (evprof_line_t){
            .function = evprof_assembly_function(a, &frames[i]),
            .line = frames[i].line,
        };
    }
    if (a->status != EVPROF_OK) {
        return 0;
    }
    evprof_location_t place = { .address = frames[count - 1].address,
                                .mapping = frames[count - 1].mapping,
                                .lines = lines,
                                .line_count = (uint32_t)count };
    uint32_t row = find_place(a, &place);
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    place.lines = keep(a, lines, count, sizeof(*lines));
    return a->status == EVPROF_OK ? add_place(a, &place) : 0;
}

uint32_t
evprof_assembly_frame(evprof_assembly_t *a, const evprof_named_frame_t *f)
{
    return evprof_assembly_frames(a, f, 1);
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
        evprof_assembly_labels(a, label, 1);
    }
}

/* Texts before numbers, each by key. */
static int
compare_labels(const void *one, const void *other)
{
    const evprof_label_t *a = one;
    const evprof_label_t *b = other;
    if ((a->text == NULL) != (b->text == NULL)) {
        return a->text == NULL ? 1 : -1;
    }
    return strcmp(a->key, b->key);
}

void
evprof_assembly_labels(evprof_assembly_t *a, const evprof_label_t *labels,
                       size_t count)
{
    if (a->status != EVPROF_OK) {
        return;
    }
    evprof_sample_t *s = &a->profile->samples[a->profile->sample_count - 1];
    evprof_label_t *own = keep(a, labels, count, sizeof(*labels));
    for (size_t i = 0; a->status == EVPROF_OK && i < count; i++) {
        own[i].key = intern(a, labels[i].key);
        own[i].text = labels[i].text == NULL ? NULL : intern(a, labels[i].text);
        own[i].unit = intern(a, labels[i].unit);
    }
    if (a->status == EVPROF_OK && count > 0) {
        qsort(own, count, sizeof(*own), compare_labels);
        s->labels = own;
        s->label_count = (uint32_t)count;
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
        status = evprof_fail(err, a->status,
                             "out of memory while a profile was read");
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        return status;
    }
    *out = p;
    return EVPROF_OK;
}
