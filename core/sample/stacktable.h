/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_STACKTABLE_H
#define EVPROF_SAMPLE_STACKTABLE_H

/*
 * Sums per distinct stack and labels. Not locked: a sink of a tap is called by
 * one thread at a time, and a table is read after its tap was closed or inside
 * a lock of its owner's. Memory is bounded; what does not fit is summed apart.
 */

#include <stddef.h>
#include <stdint.h>

#include <evprof/module.h>

#include "core/sample/labelset.h"

typedef struct evprof_stacktable evprof_stacktable_t;

typedef struct evprof_stack_sums {
    evprof_stack_t stack;
    const evprof_label_set_t *labels; /* NULL: none */
    double count;
    int64_t total;
    uint32_t id; /* from 1, in the order of first addition */
} evprof_stack_sums_t;

/* NULL: out of memory. `max_bytes` 0: no bound. */
evprof_stacktable_t *evprof_stacktable_new(size_t max_bytes);

/* Frees the table and its stacks; NULL is ignored. */
void evprof_stacktable_free(evprof_stacktable_t *table);

/* Another bound from now on. */
void evprof_stacktable_limit(evprof_stacktable_t *table, size_t max_bytes);

/*
 * Adds to the sums of a stack, and returns its id; 0 when memory is out or the
 * bound reached: then the sums go to those of id 0.
 */
uint32_t evprof_stacktable_add(evprof_stacktable_t *table,
                               const evprof_stack_t *stack,
                               const evprof_label_set_t *labels, double count,
                               int64_t total);

/* The sums of `id`; those of 0 are of all stacks that did not fit. Valid until
 * the next addition. */
evprof_stack_sums_t evprof_stacktable_get(const evprof_stacktable_t *table,
                                          uint32_t id);

/* The number of stacks; their ids are 1 to that number. */
uint32_t evprof_stacktable_size(const evprof_stacktable_t *table);

/* Bytes of memory that the table holds. */
size_t evprof_stacktable_bytes(const evprof_stacktable_t *table);

#endif
