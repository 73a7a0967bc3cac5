/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_COUNT_H
#define EVPROF_TESTING_COUNT_H

#include <stdint.h>

/*
 * Allocations: how many, and how many bytes. Bytes are jemalloc's own figure
 * (thread.allocated) where it is the allocator, else the usable size of each
 * block. Both are exact, not sampled.
 */
typedef struct evprof_alloc_count {
    uint64_t allocs;
    uint64_t bytes;
} evprof_alloc_count_t;

/* What the calling thread has allocated so far, and all threads that are over:
 * those that a body has made and waited for are in the difference of two calls.
 */
evprof_alloc_count_t evprof_alloc_count(void);

#endif
