/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_INDEX_H
#define EVPROF_BASE_INDEX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Finds rows of a table by a hash of their content. It keeps only hashes and
 * row numbers; the caller owns the rows and compares them:
 *
 *     evprof_index_walk_t walk = evprof_index_walk(&index, hash);
 *     while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END)
 *         if (rows[row] is the one) return row;
 *     evprof_index_add(&index, hash, new row);
 *
 * Zero-initialised is empty and valid. One thread at a time; any number may
 * walk while none adds.
 */
#define EVPROF_INDEX_END UINT32_MAX

typedef struct evprof_index {
    struct evprof_index_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
} evprof_index_t;

typedef struct evprof_index_walk {
    const evprof_index_t *index;
    size_t at;
    uint32_t tag;
} evprof_index_walk_t;

/* Begins a walk over the rows with that hash. */
evprof_index_walk_t evprof_index_walk(const evprof_index_t *index,
                                      uint64_t hash);

/* The next row whose hash is, in 32 bits, the wanted one. */
uint32_t evprof_index_next(evprof_index_walk_t *walk);

/* EVPROF_ENOMEM: the index is as it was. */
int evprof_index_add(evprof_index_t *index, uint64_t hash, uint32_t row);

/* Makes room for `count` rows at once. EVPROF_ENOMEM. */
int evprof_index_reserve(evprof_index_t *index, size_t count);

/* Bytes it holds now, for limits. */
size_t evprof_index_bytes(const evprof_index_t *index);

/* Frees the index; it is empty afterwards. */
void evprof_index_free(evprof_index_t *index);

#endif
