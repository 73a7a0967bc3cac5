/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open-addressing hash of ids, entries in an array, pcs in an arena. Equal
 * label sets have one address, so a set is compared by its pointer.
 */
#include "core/sample/stacktable.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/hash.h"

/* Slots at first; doubled when three quarters are taken. */
enum { FIRST_SLOTS = 256 };

typedef struct entry {
    uint64_t hash;
    evprof_stack_sums_t sums;
} entry_t;

struct evprof_stacktable {
    evprof_arena_t arena;
    uint32_t *slots; /* ids, 0: empty */
    size_t slot_count;
    entry_t *entries; /* [0]: what did not fit */
    size_t room;
    uint32_t count; /* of stacks; the last id */
    size_t max_bytes;
};

evprof_stacktable_t *
evprof_stacktable_new(size_t max_bytes)
{
    evprof_stacktable_t *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->max_bytes = max_bytes;
    table->slot_count = FIRST_SLOTS;
    table->room = FIRST_SLOTS;
    table->slots = calloc(FIRST_SLOTS, sizeof(*table->slots));
    table->entries = calloc(FIRST_SLOTS, sizeof(*table->entries));
    if (!table->slots || !table->entries) {
        evprof_stacktable_free(table);
        return NULL;
    }
    return table;
}

void
evprof_stacktable_free(evprof_stacktable_t *table)
{
    if (table != NULL) {
        evprof_arena_free(&table->arena);
        free(table->slots);
        free(table->entries);
        free(table);
    }
}

void
evprof_stacktable_limit(evprof_stacktable_t *table, size_t max_bytes)
{
    table->max_bytes = max_bytes;
}

size_t
evprof_stacktable_bytes(const evprof_stacktable_t *table)
{
    return table->arena.total + table->slot_count * sizeof(*table->slots) +
           table->room * sizeof(*table->entries);
}

uint32_t
evprof_stacktable_size(const evprof_stacktable_t *table)
{
    return table->count;
}

evprof_stack_sums_t
evprof_stacktable_get(const evprof_stacktable_t *table, uint32_t id)
{
    return table->entries[id].sums;
}

static uint64_t
hash_of(const evprof_stack_t *stack, const evprof_label_set_t *labels)
{
    const uint64_t seed = evprof_hash_mix((uint64_t)(uintptr_t)labels) ^
                          (uint64_t)stack->leaf_is_exact;
    return evprof_hash(stack->pcs, stack->count * sizeof(*stack->pcs), seed);
}

static bool
is_equal(const evprof_stack_sums_t *sums, const evprof_stack_t *stack,
         const evprof_label_set_t *labels)
{
    return sums->labels == labels && sums->stack.count == stack->count &&
           sums->stack.leaf_is_exact == stack->leaf_is_exact &&
           (stack->count == 0 ||
            memcmp(sums->stack.pcs, stack->pcs,
                   stack->count * sizeof(*stack->pcs)) == 0);
}

/* The slot that holds the stack's id, or the empty one where it belongs. */
static uint32_t *
find_slot(const evprof_stacktable_t *table, uint64_t hash,
          const evprof_stack_t *stack, const evprof_label_set_t *labels)
{
    for (size_t i = hash;; i++) {
        uint32_t *slot = &table->slots[i & (table->slot_count - 1)];
        const entry_t *entry = &table->entries[*slot];
        if (*slot == 0 ||
            (entry->hash == hash && is_equal(&entry->sums, stack, labels))) {
            return slot;
        }
    }
}

/* Twice the slots and entries; false, and nothing changed, without memory. */
static bool
grow(evprof_stacktable_t *table)
{
    const size_t more = table->slot_count * 2;
    uint32_t *slots = calloc(more, sizeof(*slots));
    entry_t *entries =
        slots != NULL ? realloc(table->entries, more * sizeof(*entries)) : NULL;
    if (entries == NULL) {
        free(slots);
        return false;
    }
    table->entries = entries;
    table->room = more;
    free(table->slots);
    table->slots = slots;
    table->slot_count = more;
    for (uint32_t id = 1; id <= table->count; id++) {
        const evprof_stack_sums_t *sums = &entries[id].sums;
        *find_slot(table, entries[id].hash, &sums->stack, sums->labels) = id;
    }
    return true;
}

/* The new stack's id, 0 when there is no room for it. */
static uint32_t
add_entry(evprof_stacktable_t *table, uint32_t *slot, uint64_t hash,
          const evprof_stack_t *stack, const evprof_label_set_t *labels)
{
    const size_t size = stack->count * sizeof(*stack->pcs);
    if (table->count + 1 >= table->room ||
        (table->max_bytes > 0 &&
         evprof_stacktable_bytes(table) + size > table->max_bytes)) {
        return 0;
    }
    uintptr_t *pcs = evprof_arena_alloc(&table->arena, size + sizeof(*pcs));
    if (!pcs) {
        return 0;
    }
    if (size > 0) {
        memcpy(pcs, stack->pcs, size);
    }
    const uint32_t id = ++table->count;
    table->entries[id] = (entry_t){
        .hash = hash,
        .sums = { .stack = { .pcs = pcs,
                             .count = stack->count,
                             .leaf_is_exact = stack->leaf_is_exact },
                  .labels = labels,
                  .id = id },
    };
    *slot = id;
    return id;
}

static bool
has_room_to_grow(const evprof_stacktable_t *table)
{
    return table->max_bytes == 0 ||
           evprof_stacktable_bytes(table) * 2 <= table->max_bytes;
}

uint32_t
evprof_stacktable_add(evprof_stacktable_t *table, const evprof_stack_t *stack,
                      const evprof_label_set_t *labels, double count,
                      int64_t total)
{
    const uint64_t hash = hash_of(stack, labels);
    if (table->count + 1 >= table->slot_count / 4 * 3 &&
        has_room_to_grow(table)) {
        (void)grow(table);
    }
    uint32_t *slot = find_slot(table, hash, stack, labels);
    const uint32_t id =
        *slot != 0 ? *slot : add_entry(table, slot, hash, stack, labels);
    table->entries[id].sums.count += count;
    table->entries[id].sums.total += total;
    return id;
}
