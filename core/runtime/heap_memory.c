/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/heap_memory.h"

#include <stdlib.h>

#include "core/base/hash.h"

#define FIRST_SLOTS ((size_t)1024)
#define MAX_STACKS ((size_t)1 << 20)

static evprof_heap_memory_t *slots;
static size_t slot_count;
static size_t used;

/* The slot of a key, or the free one (key 0) where it belongs. */
static evprof_heap_memory_t *
find_slot(evprof_heap_memory_t *table, size_t count, uint64_t key)
{
    size_t at = key & (count - 1);
    while (table[at].key != 0 && table[at].key != key) {
        at = (at + 1) & (count - 1);
    }
    return &table[at];
}

static int
grow(void)
{
    size_t count = slot_count == 0 ? FIRST_SLOTS : slot_count * 2;
    evprof_heap_memory_t *table = calloc(count, sizeof(*table));
    if (table == NULL) {
        return -1;
    }
    for (size_t i = 0; i < slot_count; i++) {
        if (slots[i].key != 0) {
            *find_slot(table, count, slots[i].key) = slots[i];
        }
    }
    free(slots);
    slots = table;
    slot_count = count;
    return 0;
}

evprof_heap_memory_t *
evprof_heap_remember(const uint64_t *pcs, size_t count)
{
    uint64_t key = evprof_hash(pcs, count * sizeof(*pcs), 0) | 1;
    if (used * 2 >= slot_count && used < MAX_STACKS && grow() != 0) {
        return NULL;
    }
    evprof_heap_memory_t *slot = find_slot(slots, slot_count, key);
    if (slot->key == 0) {
        if (used == MAX_STACKS) {
            return NULL;
        }
        slot->key = key;
        used++;
    }
    return slot;
}

void
evprof_heap_memory_free(void)
{
    free(slots);
    slots = NULL;
    slot_count = 0;
    used = 0;
}
