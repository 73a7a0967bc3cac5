/* SPDX-License-Identifier: Apache-2.0 */
/* A generation that runs out of memory is marked, and left out as a whole. */
#include "core/trace/generation.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bulk.h"

evprof_trace_generation_t *
evprof_trace_generation_new(int64_t start_ns, uint64_t serial)
{
    evprof_trace_generation_t *generation = calloc(1, sizeof(*generation));
    if (generation != NULL) {
        generation->start_ns = start_ns;
        generation->serial = serial;
        generation->bytes = sizeof(*generation);
        generation->samples.is_bulk = true;
    }
    return generation;
}

static void
free_numbers(evprof_trace_numbers_t *numbers)
{
    evprof_bulk_free(numbers->items, numbers->cap * sizeof(*numbers->items));
}

void
evprof_trace_generation_free(evprof_trace_generation_t *generation)
{
    if (generation == NULL) {
        return;
    }
    for (size_t i = 0; i < generation->batch_count; i++) {
        evprof_buf_free(&generation->batches[i].payload);
    }
    evprof_bulk_free(generation->batches,
                     generation->batch_cap * sizeof(*generation->batches));
    evprof_buf_free(&generation->samples);
    free_numbers(&generation->stacks);
    free_numbers(&generation->strings);
    free(generation);
}

void
evprof_trace_number_add(evprof_trace_generation_t *generation,
                        evprof_trace_numbers_t *numbers, uint32_t number)
{
    uint32_t *grown = evprof_bulk_grow(numbers->items, &numbers->cap,
                                       numbers->count + 1, sizeof(*grown));
    if (grown == NULL) {
        generation->failed = true;
        return;
    }
    numbers->items = grown;
    numbers->items[numbers->count++] = number;
    generation->bytes += sizeof(*grown);
}

void
evprof_trace_batch_add(evprof_trace_generation_t *generation, uint64_t thread,
                       uint64_t time, evprof_buf_t *payload)
{
    evprof_trace_batch_t *grown =
        evprof_bulk_grow(generation->batches, &generation->batch_cap,
                         generation->batch_count + 1, sizeof(*grown));
    if (grown == NULL || payload->failed) {
        generation->batches = grown != NULL ? grown : generation->batches;
        generation->failed = true;
        evprof_buf_free(payload);
        return;
    }
    generation->batches = grown;
    grown[generation->batch_count++] = (evprof_trace_batch_t){
        .thread = thread, .time = time, .payload = *payload
    };
    generation->bytes += sizeof(*grown) + payload->cap;
    *payload = (evprof_buf_t){ .is_bulk = payload->is_bulk };
}
