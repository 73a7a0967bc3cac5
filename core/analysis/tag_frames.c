/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels as frames: each sample gets, at the root or at the leaf, one location
 * for each key, whose function is named after the sample's values (empty
 * without any) and whose file is the key. Equal ones are one location.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/tags.h"
#include "core/base/buf.h"
#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/base/unit.h"

typedef struct framer {
    evprof_pprof_t *p;
    const evprof_tag_frames_t *ask;
    uint64_t next_location_id;
    uint64_t next_function_id;
    evprof_function_t *functions; /* new ones; location i has function i */
    size_t count;
    size_t cap;
    evprof_index_t index;
    evprof_buf_t name;
} framer_t;

/* One end of a stack. */
typedef struct side {
    const char *const *keys;
    size_t count;
    bool *matched;
} side_t;

static bool
has_units(const evprof_sample_t *s, const char *key)
{
    for (uint32_t i = 0; i < s->label_count; i++) {
        if (s->labels[i].text == NULL && s->labels[i].unit[0] != '\0' &&
            strcmp(s->labels[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* Writes the sample's values of `key`, texts first; false: it has none. */
static bool
format_values(framer_t *f, const evprof_sample_t *s, const char *key)
{
    evprof_buf_clear(&f->name);
    bool with_units = has_units(s, key);
    size_t found = 0;
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        if (strcmp(label->key, key) != 0) {
            continue;
        }
        evprof_buf_puts(&f->name, found++ == 0 ? "" : ",");
        if (label->text != NULL) {
            evprof_buf_puts(&f->name, label->text);
        } else {
            evprof_unit_format(&f->name, label->number,
                               with_units ? label->unit : "",
                               with_units ? f->ask->unit : "");
        }
    }
    return found > 0;
}

/* The row of the location for a name and key. */
static int
find_or_add_frame(framer_t *f, const char *name, const char *key, uint32_t *out)
{
    uint64_t hash =
        evprof_hash_mix((uint64_t)(uintptr_t)name) ^ (uint64_t)(uintptr_t)key;
    evprof_index_walk_t walk = evprof_index_walk(&f->index, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && (f->functions[row].name != name ||
                                       f->functions[row].filename != key)) {
        row = evprof_index_next(&walk);
    }
    if (row == EVPROF_INDEX_END) {
        evprof_function_t *functions = evprof_grow(
            f->functions, &f->cap, f->count + 1, sizeof(*functions));
        const char *empty = evprof_strings_intern(&f->p->strings, "");
        if (functions == NULL || empty == NULL) {
            f->functions = functions == NULL ? f->functions : functions;
            return EVPROF_ENOMEM;
        }
        f->functions = functions;
        row = (uint32_t)f->count++;
        functions[row] = (evprof_function_t){ .id = f->next_function_id++,
                                              .name = name,
                                              .system_name = empty,
                                              .filename = key };
        int status = evprof_index_add(&f->index, hash, row);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    *out = (uint32_t)f->p->location_count + row;
    return EVPROF_OK;
}

/* Writes the locations of one side, the last key first. */
static int
add_side(framer_t *f, const evprof_sample_t *s, const side_t *side,
         uint32_t *out)
{
    evprof_strings_t *strings = &f->p->strings;
    for (size_t i = 0; i < side->count; i++) {
        const char *key =
            evprof_strings_intern(strings, side->keys[side->count - 1 - i]);
        if (key == NULL) {
            return EVPROF_ENOMEM;
        }
        if (format_values(f, s, key)) {
            *side->matched = true;
        }
        const char *name = evprof_strings_add(
            strings, f->name.data == NULL ? "" : f->name.data, f->name.len);
        if (name == NULL || f->name.failed ||
            find_or_add_frame(f, name, key, &out[i]) != EVPROF_OK) {
            return EVPROF_ENOMEM;
        }
    }
    return EVPROF_OK;
}

static int
extend_sample(framer_t *f, evprof_sample_t *s, const side_t *leaf,
              const side_t *root)
{
    size_t count = leaf->count + s->location_count + root->count;
    uint32_t *locations =
        evprof_arena_alloc(&f->p->arena, count * sizeof(*locations));
    if (locations == NULL || count >= UINT32_MAX) {
        return EVPROF_ENOMEM;
    }
    uint32_t *own = locations + leaf->count;
    if (s->location_count > 0) {
        memcpy(own, s->locations, s->location_count * sizeof(*own));
    }
    /* The root first: new rows are numbered in this order. */
    int status = add_side(f, s, root, own + s->location_count);
    if (status == EVPROF_OK) {
        status = add_side(f, s, leaf, locations);
    }
    s->locations = locations;
    s->location_count = (uint32_t)count;
    return status;
}

/* Appends the new functions and their locations to the profile's tables. */
static int
append_tables(framer_t *f)
{
    evprof_pprof_t *p = f->p;
    evprof_location_t *locations =
        evprof_arena_extend(&p->arena, p->locations, p->location_count,
                            f->count, sizeof(*locations));
    evprof_function_t *functions =
        evprof_arena_extend(&p->arena, p->functions, p->function_count,
                            f->count, sizeof(*functions));
    evprof_line_t *lines =
        evprof_arena_calloc(&p->arena, f->count, sizeof(*lines));
    if (locations == NULL || functions == NULL || lines == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < f->count; i++) {
        functions[p->function_count + i] = f->functions[i];
        lines[i].function = (uint32_t)(p->function_count + i);
        locations[p->location_count + i] =
            (evprof_location_t){ .id = f->next_location_id++,
                                 .lines = &lines[i],
                                 .line_count = 1,
                                 .mapping = EVPROF_NO_INDEX };
    }
    p->locations = locations;
    p->functions = functions;
    p->location_count += f->count;
    p->function_count += f->count;
    return EVPROF_OK;
}

static void
find_next_ids(framer_t *f)
{
    const evprof_pprof_t *p = f->p;
    for (size_t i = 0; i < p->location_count; i++) {
        if (p->locations[i].id >= f->next_location_id) {
            f->next_location_id = p->locations[i].id + 1;
        }
    }
    for (size_t i = 0; i < p->function_count; i++) {
        if (p->functions[i].id >= f->next_function_id) {
            f->next_function_id = p->functions[i].id + 1;
        }
    }
}

int
evprof_pprof_add_tag_frames(evprof_pprof_t *p, const evprof_tag_frames_t *ask,
                            evprof_frames_matched_t *out)
{
    *out = (evprof_frames_matched_t){ 0 };
    if (ask->root_count == 0 && ask->leaf_count == 0) {
        return EVPROF_OK;
    }
    framer_t f = {
        .p = p, .ask = ask, .next_location_id = 1, .next_function_id = 1
    };
    side_t root = { ask->root_keys, ask->root_count, &out->root };
    side_t leaf = { ask->leaf_keys, ask->leaf_count, &out->leaf };
    find_next_ids(&f);
    int status = EVPROF_OK;
    for (size_t i = 0; i < p->sample_count && status == EVPROF_OK; i++) {
        status = extend_sample(&f, &p->samples[i], &leaf, &root);
    }
    if (status == EVPROF_OK) {
        status = append_tables(&f);
    }
    free(f.functions);
    evprof_index_free(&f.index);
    evprof_buf_free(&f.name);
    return status;
}
