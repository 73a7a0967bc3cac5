/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing over (hash, pointer) pairs, at most half
 * full. The stored hash spares touching the text of nearly every miss.
 */
#include "core/base/strings.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/bulk.h"
#include "core/base/hash.h"

struct evprof_string_slot {
    uint64_t hash;
    const char *text; /* NULL: free */
    size_t len;
};

#define FIRST_SLOT_COUNT ((size_t)64)

static void
free_slots(const evprof_strings_t *set)
{
    evprof_bulk_free(set->slots, set->slot_count * sizeof(*set->slots));
}

static bool
grow(evprof_strings_t *set)
{
    size_t count =
        set->slot_count == 0 ? FIRST_SLOT_COUNT : set->slot_count * 2;
    struct evprof_string_slot *slots =
        evprof_bulk_zeroed(count * sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->slot_count; i++) {
        if (set->slots[i].text == NULL) {
            continue;
        }
        size_t at = set->slots[i].hash & (count - 1);
        while (slots[at].text != NULL) {
            at = (at + 1) & (count - 1);
        }
        slots[at] = set->slots[i];
    }
    free_slots(set);
    set->slots = slots;
    set->slot_count = count;
    return true;
}

const char *
evprof_strings_add(evprof_strings_t *set, const char *text, size_t len)
{
    if (set->count * 2 >= set->slot_count && !grow(set)) {
        return NULL;
    }
    uint64_t hash = evprof_hash(text, len, 0);
    size_t at = hash & (set->slot_count - 1);
    struct evprof_string_slot *slot = &set->slots[at];
    while (slot->text != NULL) {
        if (slot->hash == hash && slot->len == len &&
            memcmp(slot->text, text, len) == 0) {
            return slot->text;
        }
        at = (at + 1) & (set->slot_count - 1);
        slot = &set->slots[at];
    }
    char *copy = evprof_arena_strndup(&set->arena, text, len);
    if (copy != NULL) {
        *slot = (struct evprof_string_slot){ hash, copy, len };
        set->count++;
    }
    return copy;
}

const char *
evprof_strings_intern(evprof_strings_t *set, const char *text)
{
    return evprof_strings_add(set, text, strlen(text));
}

void
evprof_strings_free(evprof_strings_t *set)
{
    free_slots(set);
    evprof_arena_free(&set->arena);
    *set = (evprof_strings_t){ 0 };
}
