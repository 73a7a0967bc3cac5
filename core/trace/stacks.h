/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_STACKS_H
#define EVPROF_TRACE_STACKS_H

/*
 * Stacks of events: how many are taken, and one number for equal ones.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/index.h"

/* Walks a second over all threads; a walk is some 0.3 us, so 1 % of a core. */
#define EVPROF_TRACE_STACKS_A_SECOND 30000u

/* Distinct stacks that are kept; later ones are left out. */
#define EVPROF_TRACE_STACKS_MAX 65536u

/* Whether an event at this time may take a stack, by the budget. Lock-free. */
bool evprof_trace_stack_is_due(int64_t now_ns);

/* Events that were left without a stack by the budget since the process
 * began. */
uint64_t evprof_trace_stacks_spared(void);

/* A table of stacks, each once, numbered from 1; `words` holds for each its
 * length and its return addresses. One thread at a time. */
typedef struct evprof_trace_stacks {
    uint64_t *words;
    size_t word_count;
    size_t word_cap;
    size_t *starts; /* of each stack in `words`, by number - 1 */
    size_t count;
    size_t cap;
    evprof_index_t index;
} evprof_trace_stacks_t;

/* The number of a stack, 0: none, or no room. */
uint32_t evprof_trace_stacks_add(evprof_trace_stacks_t *stacks,
                                 const uint64_t *pcs, size_t count);

/* The addresses of stack `number`, and how many. */
const uint64_t *evprof_trace_stacks_at(const evprof_trace_stacks_t *stacks,
                                       uint32_t number, size_t *count);

/* Frees the memory; the table is empty afterwards. */
void evprof_trace_stacks_free(evprof_trace_stacks_t *stacks);

#endif
