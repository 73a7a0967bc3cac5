/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels with neither a text nor a number. Writers leave out what is 0 or
 * empty, so that such a label is either the number 0 or the empty text: it is a
 * number where the same key has numbers in other samples, else a text.
 */
#include "core/analysis/decode_state.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/profile/labels.h"

/* Keys with numbers, by address. */
typedef struct keys {
    evprof_index_t index;
    const evprof_sample_t *samples; /* a row is where a key was first found */
} keys_t;

static bool
is_open(const evprof_label_t *label)
{
    return label->unit == NULL;
}

static uint64_t
hash_key(const char *key)
{
    return evprof_hash_mix((uint64_t)(uintptr_t)key);
}

static bool
has_number(const evprof_sample_t *s, const char *key)
{
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        if (label->text == NULL && !is_open(label) && label->key == key) {
            return true;
        }
    }
    return false;
}

static bool
has_key(const keys_t *keys, const char *key)
{
    evprof_index_walk_t walk = evprof_index_walk(&keys->index, hash_key(key));
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && !has_number(&keys->samples[row], key)) {
        row = evprof_index_next(&walk);
    }
    return row != EVPROF_INDEX_END;
}

static int
find_keys(const evprof_pprof_t *p, keys_t *keys)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        for (uint32_t n = 0; n < s->label_count; n++) {
            const evprof_label_t *label = &s->labels[n];
            if (label->text != NULL || is_open(label) ||
                has_key(keys, label->key)) {
                continue;
            }
            int status = evprof_index_add(&keys->index, hash_key(label->key),
                                          (uint32_t)i);
            if (status != EVPROF_OK) {
                return status;
            }
        }
    }
    return EVPROF_OK;
}

static int
settle_sample(const keys_t *keys, const char *empty, evprof_sample_t *s)
{
    bool is_changed = false;
    for (uint32_t i = 0; i < s->label_count; i++) {
        evprof_label_t *label = &s->labels[i];
        if (is_open(label)) {
            bool is_number = has_key(keys, label->key);
            is_changed = is_changed || !is_number;
            label->text = is_number ? NULL : empty;
            label->unit = empty;
        }
    }
    return is_changed ? evprof_labels_sort(s->labels, s->label_count)
                      : EVPROF_OK;
}

int
evprof_decoder_settle_labels(evprof_decoder_t *d)
{
    evprof_pprof_t *p = d->profile;
    if (d->open_labels == 0) {
        return EVPROF_OK;
    }
    keys_t keys = { .samples = p->samples };
    const char *empty = evprof_strings_intern(&p->strings, "");
    int status = empty == NULL ? EVPROF_ENOMEM : find_keys(p, &keys);
    for (size_t i = 0; i < p->sample_count && status == EVPROF_OK; i++) {
        status = settle_sample(&keys, empty, &p->samples[i]);
    }
    evprof_index_free(&keys.index);
    return status == EVPROF_OK
               ? status
               : evprof_fail(d->err, status, "out of memory for the labels");
}
