/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit of a key's numbers is the first one seen for the key; others are
 * only reported. Texts are interned, so keys and pairs are found by address.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/tags.h"
#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"

/* A unit that was met for a key, beside the key's own. */
typedef struct odd_unit {
    const char *key;
    const char *unit;
} odd_unit_t;

typedef struct survey {
    evprof_label_unit_t *units;
    size_t unit_count;
    size_t unit_cap;
    evprof_index_t unit_index; /* by key */
    odd_unit_t *odd;
    size_t odd_count;
    size_t odd_cap;
    evprof_index_t odd_index; /* by key and unit */
} survey_t;

static uint64_t
hash_of(const char *text)
{
    return (uint64_t)(uintptr_t)text;
}

static int
find_or_add_key(survey_t *s, const char *key, evprof_label_unit_t **out)
{
    evprof_index_walk_t walk = evprof_index_walk(&s->unit_index, hash_of(key));
    uint32_t row =
        s->units == NULL ? EVPROF_INDEX_END : evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && s->units[row].key != key) {
        row = evprof_index_next(&walk);
    }
    if (row != EVPROF_INDEX_END) {
        *out = &s->units[row];
        return EVPROF_OK;
    }
    evprof_label_unit_t *units =
        evprof_grow(s->units, &s->unit_cap, s->unit_count + 1, sizeof(*units));
    if (units == NULL) {
        return EVPROF_ENOMEM;
    }
    s->units = units;
    units[s->unit_count] = (evprof_label_unit_t){ .key = key, .unit = "" };
    *out = &units[s->unit_count];
    return evprof_index_add(&s->unit_index, hash_of(key),
                            (uint32_t)s->unit_count++);
}

static int
add_odd(survey_t *s, const char *key, const char *unit)
{
    uint64_t hash = evprof_hash_mix(hash_of(key)) ^ hash_of(unit);
    evprof_index_walk_t walk = evprof_index_walk(&s->odd_index, hash);
    for (;;) {
        uint32_t row = evprof_index_next(&walk);
        if (row == EVPROF_INDEX_END) {
            break;
        }
        if (s->odd[row].key == key && s->odd[row].unit == unit) {
            return EVPROF_OK;
        }
    }
    odd_unit_t *odd =
        evprof_grow(s->odd, &s->odd_cap, s->odd_count + 1, sizeof(*odd));
    if (odd == NULL) {
        return EVPROF_ENOMEM;
    }
    s->odd = odd;
    odd[s->odd_count] = (odd_unit_t){ key, unit };
    return evprof_index_add(&s->odd_index, hash, (uint32_t)s->odd_count++);
}

static int
note_label(survey_t *s, const evprof_label_t *label)
{
    evprof_label_unit_t *item = NULL;
    int status = find_or_add_key(s, label->key, &item);
    if (status != EVPROF_OK || label->unit[0] == '\0') {
        return status;
    }
    if (item->unit[0] == '\0') {
        item->unit = label->unit;
    }
    return item->unit == label->unit ? EVPROF_OK
                                     : add_odd(s, label->key, label->unit);
}

static int
compare_odd(const void *a, const void *b)
{
    const odd_unit_t *one = a;
    const odd_unit_t *other = b;
    int order = strcmp(one->key, other->key);
    return order != 0 ? order : strcmp(one->unit, other->unit);
}

static int
compare_keys(const void *a, const void *b)
{
    const evprof_label_unit_t *one = a;
    const evprof_label_unit_t *other = b;
    return strcmp(one->key, other->key);
}

/* The units that were not chosen, as slices of one sorted array. */
static int
settle_ignored(evprof_pprof_t *p, survey_t *s)
{
    const char **ignored =
        evprof_arena_calloc(&p->arena, s->odd_count, sizeof(*ignored));
    if (ignored == NULL) {
        return EVPROF_ENOMEM;
    }
    if (s->odd_count > 0) {
        qsort(s->odd, s->odd_count, sizeof(*s->odd), compare_odd);
    }
    size_t at = 0;
    for (size_t i = 0; i < s->unit_count; i++) {
        evprof_label_unit_t *item = &s->units[i];
        item->ignored = ignored + at;
        for (; at < s->odd_count && s->odd[at].key == item->key; at++) {
            ignored[at] = s->odd[at].unit;
            item->ignored_count++;
        }
    }
    return EVPROF_OK;
}

static int
settle(evprof_pprof_t *p, survey_t *s, evprof_label_units_t *out)
{
    if (s->unit_count > 0) {
        qsort(s->units, s->unit_count, sizeof(*s->units), compare_keys);
    }
    for (size_t i = 0; i < s->unit_count; i++) {
        evprof_label_unit_t *item = &s->units[i];
        bool is_size = strcmp(item->key, "request") == 0 ||
                       strcmp(item->key, "alignment") == 0;
        if (item->unit[0] == '\0') {
            item->unit = is_size ? "bytes" : item->key;
        }
    }
    evprof_label_unit_t *items =
        evprof_arena_calloc(&p->arena, s->unit_count, sizeof(*items));
    if (items == NULL || settle_ignored(p, s) != EVPROF_OK) {
        return EVPROF_ENOMEM;
    }
    if (s->unit_count > 0) {
        memcpy(items, s->units, s->unit_count * sizeof(*items));
    }
    *out = (evprof_label_units_t){ items, s->unit_count };
    return EVPROF_OK;
}

int
evprof_pprof_label_units(evprof_pprof_t *p, evprof_label_units_t *out)
{
    survey_t s = { 0 };
    int status = EVPROF_OK;
    for (size_t i = 0; i < p->sample_count && status == EVPROF_OK; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        for (uint32_t n = 0; n < sample->label_count; n++) {
            if (sample->labels[n].text == NULL && status == EVPROF_OK) {
                status = note_label(&s, &sample->labels[n]);
            }
        }
    }
    if (status == EVPROF_OK) {
        status = settle(p, &s, out);
    }
    free(s.units);
    free(s.odd);
    evprof_index_free(&s.unit_index);
    evprof_index_free(&s.odd_index);
    return status;
}

const char *
evprof_label_unit(const evprof_label_units_t *units, const char *key)
{
    evprof_label_unit_t wanted = { .key = key };
    const evprof_label_unit_t *found =
        units->count == 0 ? NULL
                          : bsearch(&wanted, units->items, units->count,
                                    sizeof(wanted), compare_keys);
    return found == NULL ? "" : found->unit;
}
