/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels are two interned sets: the texts, and the label sets, which hold
 * pointers to texts. Equal ones have one address and nothing is freed, so a
 * handler, a ring or a stack table may keep a pointer without counting it. What
 * makes that affordable are the bounds: a server that labels by something
 * unbounded (a user, a query) sees `(overflow)` instead of growing.
 *
 * A token names the set before the push by its id. Restoring therefore needs no
 * stack of sets that a longjmp could leave too high.
 */
#include "core/sample/labels.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <evprof/evprof.h>

#include "core/base/intern.h"
#include "core/sample/sig_labels.h"

/* Longer than a route or a tenant, shorter than a query or a stack trace. */
#define TEXT_MAX ((size_t)255)
/* 4 MiB of address space at most; pages are used as texts arrive. */
#define TEXT_COUNT 8192u
#define TEXT_BYTES ((size_t)1 << 20)
#define SET_COUNT 8192u
#define SET_BYTES ((size_t)3 << 20)
/* The last sets are kept for those whose value has become `(overflow)`. */
#define SET_COUNT_OPEN EVPROF_LABEL_VALUES_MAX
_Static_assert(SET_COUNT_OPEN == SET_COUNT / 8 * 7, "an eighth is kept");

static evprof_intern_t texts = EVPROF_INTERN(TEXT_COUNT, TEXT_BYTES);
static evprof_intern_t sets = EVPROF_INTERN(SET_COUNT, SET_BYTES);
static _Atomic uint64_t overflows;

/* A set under construction, laid out as evprof_label_set_t. */
typedef struct draft {
    uint64_t count;
    evprof_sample_label_t items[EVPROF_LABELS_MAX];
} draft_t;

static const char *
text_of(const char *text)
{
    size_t len = strnlen(text, TEXT_MAX + 1);
    const evprof_interned_t *entry =
        len > TEXT_MAX ? NULL : evprof_intern_add(&texts, text, len + 1);
    return entry == NULL ? NULL : (const char *)entry->data;
}

static uint32_t
id_of(const evprof_label_set_t *labels)
{
    if (labels == NULL) {
        return 0;
    }
    const char *data = (const char *)labels;
    const evprof_interned_t *entry =
        (const void *)(data - offsetof(evprof_interned_t, data));
    return entry->id;
}

static const evprof_label_set_t *
set_of_id(uint32_t id)
{
    const evprof_interned_t *entry = evprof_intern_at(&sets, id);
    return entry == NULL ? NULL : (const evprof_label_set_t *)entry->data;
}

/* The index of `key`, or the index at which to insert it. */
static size_t
find_key(const evprof_sample_label_t *items, size_t count, const char *key)
{
    size_t i = 0;
    while (i < count && strcmp(items[i].key, key) < 0) {
        i++;
    }
    return i;
}

/* `from` with `key` set to `value`; false when there is no room. */
static bool
draft_with(draft_t *draft, const evprof_label_set_t *from, const char *key,
           const char *value)
{
    draft->count = from == NULL ? 0 : from->count;
    if (from != NULL) {
        memcpy(draft->items, from->items,
               (size_t)from->count * sizeof(*from->items));
    }
    size_t at = find_key(draft->items, draft->count, key);
    if (at == draft->count || strcmp(draft->items[at].key, key) != 0) {
        if (draft->count == EVPROF_LABELS_MAX) {
            return false;
        }
        memmove(&draft->items[at + 1], &draft->items[at],
                (size_t)(draft->count - at) * sizeof(*draft->items));
        draft->count++;
    }
    draft->items[at] = (evprof_sample_label_t){ .key = key, .text = value };
    return true;
}

/* The set of the draft, made while there are fewer than `max`; else NULL. */
static const evprof_label_set_t *
set_of(const draft_t *draft, uint32_t max)
{
    size_t size = sizeof(evprof_label_set_t) +
                  (size_t)draft->count * sizeof(*draft->items);
    const evprof_interned_t *entry = evprof_intern_find(&sets, draft, size);
    if (entry == NULL && evprof_intern_last(&sets) < max) {
        entry = evprof_intern_add(&sets, draft, size);
    }
    return entry == NULL ? NULL : (const evprof_label_set_t *)entry->data;
}

/* The set with `key` at `value`, or at `(overflow)`, or what there was. */
static const evprof_label_set_t *
extend(draft_t *draft, const evprof_label_set_t *from, const char *key,
       const char *value)
{
    const evprof_label_set_t *set =
        value == NULL ? NULL : set_of(draft, SET_COUNT_OPEN);
    if (set != NULL) {
        return set;
    }
    atomic_fetch_add_explicit(&overflows, 1, memory_order_relaxed);
    draft_with(draft, from, key, EVPROF_LABEL_OVERFLOW);
    set = set_of(draft, SET_COUNT);
    return set == NULL ? from : set;
}

/* Read by any thread, at no particular moment. */
static _Atomic bool is_off;

void
evprof_labels_switch(bool is_on)
{
    atomic_store_explicit(&is_off, !is_on, memory_order_relaxed);
}

int
evprof_label_push(const char *key, const char *value)
{
    if (key == NULL || key[0] == '\0' || value == NULL) {
        return EVPROF_EINVAL;
    }
    const evprof_label_set_t *from = evprof_sig_labels();
    if (atomic_load_explicit(&is_off, memory_order_relaxed)) {
        return (int)id_of(from) + 1;
    }
    const char *own_key = text_of(key);
    const char *own_value = text_of(value);
    draft_t draft;
    if (own_key == NULL || !draft_with(&draft, from, own_key, own_value)) {
        return EVPROF_ELIMIT;
    }
    evprof_sig_labels_set(extend(&draft, from, own_key, own_value));
    return (int)id_of(from) + 1;
}

const char *
evprof_label_get(const char *key)
{
    const evprof_label_set_t *labels = evprof_sig_labels();
    if (labels == NULL || key == NULL) {
        return NULL;
    }
    size_t at = find_key(labels->items, labels->count, key);
    return at < labels->count && strcmp(labels->items[at].key, key) == 0
               ? labels->items[at].text
               : NULL;
}

void
evprof_label_restore(int token)
{
    if (token == 1) {
        evprof_sig_labels_set(NULL);
    } else if (token > 1) {
        const evprof_label_set_t *labels = set_of_id((uint32_t)token - 1);
        if (labels != NULL) {
            evprof_sig_labels_set(labels);
        }
    }
}

evprof_labels_t
evprof_labels_capture(void)
{
    return (evprof_labels_t){ .set = evprof_sig_labels() };
}

int
evprof_labels_apply(evprof_labels_t labels)
{
    const evprof_label_set_t *before = evprof_sig_labels();
    evprof_sig_labels_set(labels.set);
    return (int)id_of(before) + 1;
}

const evprof_label_set_t *
evprof_labels_with(const evprof_label_set_t *from, const char *key,
                   const char *value)
{
    const char *own_key = text_of(key);
    const char *own_value = text_of(value);
    draft_t draft;
    if (own_key == NULL || !draft_with(&draft, from, own_key, own_value)) {
        return from;
    }
    return extend(&draft, from, own_key, own_value);
}

/* Not canonical on any processor: bits above the address space differ. */
#define MARK UINT64_C(0xe7b0000000000000)
#define MARK_MASK UINT64_C(0xffffffff00000000)

uintptr_t
evprof_label_mark(const evprof_label_set_t *set)
{
    return set == NULL ? 0 : (uintptr_t)(MARK | id_of(set));
}

const evprof_label_set_t *
evprof_label_marked(uintptr_t pc)
{
    return (pc & MARK_MASK) == MARK ? set_of_id((uint32_t)pc) : NULL;
}

uint64_t
evprof_label_overflows(void)
{
    return atomic_load_explicit(&overflows, memory_order_relaxed);
}
