/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_STACKS_H
#define EVPROF_HEAP_STACKS_H

/* How heap.c and text.c get the stacks of a dump into a builder. */

#include "core/heap/heap.h"
#include "core/heap/heap_v2.h"
#include "core/heap/trim.h"

typedef struct evprof_heap_stacks {
    evprof_builder_t *out;
    enum evprof_loss_of who; /* asks */
    /* The reader's sink; its context is this struct. */
    int (*add)(void *ctx, const uint64_t *pcs, size_t count,
               const evprof_heap_counts_t *counts);
    const evprof_heap_v2_t *reader;
    evprof_heap_trim_t trim;
    size_t added;        /* stacks, so far */
    int64_t inuse_bytes; /* of all of them */
} evprof_heap_stacks_t;

/* Those that were given to evprof_heap_open() last. */
const evprof_heap_services_t *evprof_heap_services(void);

/* The four columns in Go's order. EVPROF_ENOMEM. */
int evprof_heap_columns(evprof_builder_t *out);

/* Takes a dump unless one is there that serves, and reads it. */
int evprof_heap_read(const evprof_ask_t *ask, evprof_heap_stacks_t *stacks,
                     evprof_heap_v2_t *reader, evprof_error_t *err);

/* Adds a stack without the allocator's frames; `label` may be NULL. */
int evprof_heap_add(evprof_heap_stacks_t *stacks, const uint64_t *pcs,
                    size_t count, const evprof_heap_counts_t *counts,
                    const evprof_sample_label_t *label);

#endif
