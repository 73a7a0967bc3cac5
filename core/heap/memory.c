/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows by a 64-bit hash of the stack, as jemalloc tells stacks apart: frame by
 * frame, its own included. Two stacks with one hash would share a row; among a
 * million that has a chance of one in 30 million.
 */
#include "core/heap/memory.h"

#include <evprof/status.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"

#define MAX_STACKS ((size_t)1 << 20)

static evprof_index_t index_of;
static evprof_heap_memory_t *rows;
static size_t row_count;
static size_t row_room;

evprof_heap_memory_t *
evprof_heap_remember(const uint64_t *pcs, size_t count)
{
    uint64_t key = evprof_hash(pcs, count * sizeof(*pcs), 0);
    evprof_index_walk_t walk = evprof_index_walk(&index_of, key);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (rows[row].key == key) {
            return &rows[row];
        }
    }
    if (row_count == MAX_STACKS) {
        return NULL;
    }
    evprof_heap_memory_t *grown =
        evprof_grow(rows, &row_room, row_count + 1, sizeof(*rows));
    if (grown == NULL) {
        return NULL;
    }
    rows = grown;
    if (evprof_index_add(&index_of, key, (uint32_t)row_count) != EVPROF_OK) {
        return NULL;
    }
    rows[row_count] = (evprof_heap_memory_t){ .key = key };
    return &rows[row_count++];
}
