/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the values of labels in a table by key and value. */
#include "core/report/label_tally.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/sum.h"
#include "core/base/unit.h"

typedef struct tally {
    const evprof_view_t *view;
    evprof_strings_t strings;
    evprof_tally_row_t *values;
    size_t count;
    size_t cap;
    uint32_t *slots; /* value + 1 */
    size_t slot_count;
    evprof_buf_t text;
} tally_t;

static size_t
slot_of(const tally_t *t, const char *key, const char *name)
{
    const char *pair[2] = { key, name };
    return evprof_hash(pair, sizeof(pair), 0) & (t->slot_count - 1);
}

static bool
grow(tally_t *t)
{
    size_t cap = t->cap == 0 ? 64 : t->cap * 2;
    evprof_tally_row_t *values = realloc(t->values, cap * sizeof(*values));
    if (values == NULL) {
        return false;
    }
    t->values = values;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (slots == NULL || cap > UINT32_MAX / 4) {
        free(slots);
        return false;
    }
    free(t->slots);
    t->slots = slots;
    t->cap = cap;
    t->slot_count = cap * 2;
    for (size_t i = 0; i < t->count; i++) {
        size_t at = slot_of(t, values[i].key, values[i].name);
        while (slots[at] != 0) {
            at = (at + 1) & (t->slot_count - 1);
        }
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

/* False: out of memory. */
static bool
count_value(tally_t *t, const char *key, const char *name, int64_t weight)
{
    key = evprof_strings_intern(&t->strings, key);
    name = evprof_strings_intern(&t->strings, name);
    if (key == NULL || name == NULL || (t->count == t->cap && !grow(t))) {
        return false;
    }
    size_t at = slot_of(t, key, name);
    while (t->slots[at] != 0) {
        evprof_tally_row_t *v = &t->values[t->slots[at] - 1];
        if (v->key == key && v->name == name) {
            v->weight = evprof_sum(v->weight, weight);
            return true;
        }
        at = (at + 1) & (t->slot_count - 1);
    }
    t->values[t->count] = (evprof_tally_row_t){ key, name, weight };
    t->slots[at] = (uint32_t)++t->count;
    return true;
}

static bool
count_label(tally_t *t, const evprof_label_t *label, int64_t weight)
{
    if (label->text != NULL) {
        return count_value(t, label->key, label->text, weight);
    }
    evprof_buf_clear(&t->text);
    evprof_unit_format(&t->text, label->number,
                       evprof_view_label_unit(t->view, label->key),
                       evprof_view_output_unit(t->view));
    return !t->text.failed && count_value(t, label->key, t->text.data, weight);
}

static bool
count_all(tally_t *t)
{
    const evprof_pprof_t *p = evprof_view_profile(t->view);
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        for (uint32_t j = 0; j < s->label_count; j++) {
            if (!count_label(t, &s->labels[j],
                             evprof_view_weight(t->view, s))) {
                return false;
            }
        }
    }
    return true;
}

/* By key, then the heaviest first, then by name. */
static int
compare_values(const void *a, const void *b)
{
    const evprof_tally_row_t *l = a;
    const evprof_tally_row_t *r = b;
    int order = strcmp(l->key, r->key);
    if (order == 0 && l->weight != r->weight) {
        uint64_t lw = (uint64_t)evprof_magnitude(l->weight);
        uint64_t rw = (uint64_t)evprof_magnitude(r->weight);
        return lw == rw ? 0 : lw > rw ? -1 : 1;
    }
    return order != 0 ? order : strcmp(l->name, r->name);
}

int
evprof_tally_make(const evprof_view_t *view, evprof_tally_t *out,
                  evprof_error_t *err)
{
    tally_t t = { .view = view };
    bool is_complete = count_all(&t);
    free(t.slots);
    evprof_buf_free(&t.text);
    if (t.count > 1) {
        qsort(t.values, t.count, sizeof(*t.values), compare_values);
    }
    *out = (evprof_tally_t){ .strings = t.strings,
                             .rows = t.values,
                             .count = t.count };
    if (!is_complete) {
        evprof_tally_free(out);
        return evprof_fail(err, EVPROF_ENOMEM, "tags: out of memory");
    }
    return EVPROF_OK;
}

void
evprof_tally_free(evprof_tally_t *tally)
{
    free(tally->rows);
    evprof_strings_free(&tally->strings);
    *tally = (evprof_tally_t){ 0 };
}

size_t
evprof_tally_key_end(const evprof_tally_t *tally, size_t from)
{
    size_t end = from;
    while (end < tally->count &&
           tally->rows[end].key == tally->rows[from].key) {
        end++;
    }
    return end;
}
