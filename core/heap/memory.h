/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_MEMORY_H
#define EVPROF_HEAP_MEMORY_H

/*
 * What has to stay the same, or may only grow, from one heap profile to the
 * next: a reader of deltas knows a stack by its frames and labels and expects
 * counts since the start to be monotone. jemalloc rounds what it writes, so
 * that averages move a little and scaled counts may fall. By stack, bounded;
 * worker only.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct evprof_heap_memory {
    uint64_t key;
    int64_t block_bytes; /* the label: average size when first seen */
    int64_t alloc_objects;
    int64_t alloc_bytes;
} evprof_heap_memory_t;

/*
 * The record of a stack, zeroed when it is new; NULL when memory is out or the
 * bound of 2^20 stacks is reached. Valid until the next call.
 */
evprof_heap_memory_t *evprof_heap_remember(const uint64_t *pcs, size_t count);

#endif
