/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing, at most half full. A slot is eight
 * bytes: 32 bits of the hash and the row. The bits give the slot's place and
 * filter nearly all false candidates, and growing needs nothing but them. Rows
 * are 32 bits wide, so no table outgrows the bits.
 */
#include "core/base/index.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/bulk.h"
#include "core/base/hash.h"

struct evprof_index_slot {
    uint32_t tag;
    uint32_t row; /* EVPROF_INDEX_END: free */
};

#define FIRST_SLOT_COUNT ((size_t)64)

static uint32_t
tag_of(uint64_t hash)
{
    return (uint32_t)(evprof_hash_mix(hash) >> 32);
}

static size_t
place_of(uint32_t tag, size_t slot_count)
{
    return tag & (slot_count - 1);
}

static void
put(struct evprof_index_slot *slots, size_t slot_count,
    struct evprof_index_slot item)
{
    size_t at = place_of(item.tag, slot_count);
    while (slots[at].row != EVPROF_INDEX_END) {
        at = (at + 1) & (slot_count - 1);
    }
    slots[at] = item;
}

static int
resize(evprof_index_t *index, size_t slot_count)
{
    if (slot_count > SIZE_MAX / sizeof(*index->slots)) {
        return EVPROF_ENOMEM;
    }
    struct evprof_index_slot *slots =
        evprof_bulk_alloc(slot_count * sizeof(*slots));
    if (slots == NULL) {
        return EVPROF_ENOMEM;
    }
    memset(slots, 0xff, slot_count * sizeof(*slots));
    for (size_t i = 0; i < index->slot_count; i++) {
        if (index->slots[i].row != EVPROF_INDEX_END) {
            put(slots, slot_count, index->slots[i]);
        }
    }
    evprof_bulk_free(index->slots, evprof_index_bytes(index));
    index->slots = slots;
    index->slot_count = slot_count;
    return EVPROF_OK;
}

int
evprof_index_reserve(evprof_index_t *index, size_t count)
{
    size_t want = FIRST_SLOT_COUNT;
    while (want / 2 < count) {
        want *= 2;
    }
    return want <= index->slot_count ? EVPROF_OK : resize(index, want);
}

int
evprof_index_add(evprof_index_t *index, uint64_t hash, uint32_t row)
{
    if (index->count >= index->slot_count / 2) {
        int status = evprof_index_reserve(index, index->count + 1);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    put(index->slots, index->slot_count,
        (struct evprof_index_slot){ tag_of(hash), row });
    index->count++;
    return EVPROF_OK;
}

evprof_index_walk_t
evprof_index_walk(const evprof_index_t *index, uint64_t hash)
{
    uint32_t tag = tag_of(hash);
    size_t at = index->slot_count == 0 ? 0 : place_of(tag, index->slot_count);
    return (evprof_index_walk_t){ index, at, tag };
}

uint32_t
evprof_index_next(evprof_index_walk_t *walk)
{
    const evprof_index_t *index = walk->index;
    if (index->slot_count == 0) {
        return EVPROF_INDEX_END;
    }
    for (;;) {
        struct evprof_index_slot slot = index->slots[walk->at];
        if (slot.row == EVPROF_INDEX_END) {
            return EVPROF_INDEX_END;
        }
        walk->at = (walk->at + 1) & (index->slot_count - 1);
        if (slot.tag == walk->tag) {
            return slot.row;
        }
    }
}

size_t
evprof_index_bytes(const evprof_index_t *index)
{
    return index->slot_count * sizeof(*index->slots);
}

void
evprof_index_free(evprof_index_t *index)
{
    evprof_bulk_free(index->slots, evprof_index_bytes(index));
    *index = (evprof_index_t){ 0 };
}
