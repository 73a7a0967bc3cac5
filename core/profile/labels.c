/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stable sort: by insertion for the usual few labels, by merging for many, so
 * that a hostile profile does not cost quadratic time.
 */
#include "core/profile/labels.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"

#define INSERTION_MAX 32

static int
compare(const evprof_label_t *a, const evprof_label_t *b)
{
    if ((a->text == NULL) != (b->text == NULL)) {
        return a->text == NULL ? 1 : -1;
    }
    return a->key == b->key ? 0 : strcmp(a->key, b->key);
}

static void
sort_few(evprof_label_t *labels, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        evprof_label_t label = labels[i];
        size_t at = i;
        for (; at > 0 && compare(&labels[at - 1], &label) > 0; at--) {
            labels[at] = labels[at - 1];
        }
        labels[at] = label;
    }
}

static void
merge_halves(const evprof_label_t *from, size_t half, size_t count,
             evprof_label_t *to)
{
    size_t left = 0;
    size_t right = half;
    for (size_t i = 0; i < count; i++) {
        bool take_left =
            right == count ||
            (left < half && compare(&from[left], &from[right]) <= 0);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* Sorts by merging; the recursion is as deep as the logarithm of `count`. */
static void
sort_many(evprof_label_t *labels, size_t count, evprof_label_t *room)
{
    if (count <= INSERTION_MAX) {
        sort_few(labels, count);
        return;
    }
    size_t half = count / 2;
    sort_many(labels, half, room);
    sort_many(labels + half, count - half, room);
    memcpy(room, labels, count * sizeof(*labels));
    merge_halves(room, half, count, labels);
}

int
evprof_labels_sort(evprof_label_t *labels, size_t count)
{
    if (count <= INSERTION_MAX) {
        sort_few(labels, count);
        return EVPROF_OK;
    }
    evprof_label_t *room = malloc(count * sizeof(*room));
    if (room == NULL) {
        return EVPROF_ENOMEM;
    }
    sort_many(labels, count, room);
    free(room);
    return EVPROF_OK;
}

bool
evprof_labels_equal(const evprof_label_t *a, const evprof_label_t *b,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i].key != b[i].key || a[i].text != b[i].text ||
            a[i].number != b[i].number || a[i].unit != b[i].unit) {
            return false;
        }
    }
    return true;
}

uint64_t
evprof_labels_hash(const evprof_label_t *labels, size_t count, uint64_t seed)
{
    uint64_t h = seed;
    for (size_t i = 0; i < count; i++) {
        h = evprof_hash_mix(h ^ (uint64_t)(uintptr_t)labels[i].key);
        h = evprof_hash_mix(h ^ (uint64_t)(uintptr_t)labels[i].text ^
                            (uint64_t)labels[i].number);
    }
    return h;
}
