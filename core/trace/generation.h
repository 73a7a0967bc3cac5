/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_GENERATION_H
#define EVPROF_TRACE_GENERATION_H

/*
 * A generation is about a second of the trace and holds everything needed to
 * read it: batches of events by thread, and which stacks and strings they name.
 * Numbers of stacks and strings are those of the recorder's tables, which live
 * as long as the recording.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

typedef struct evprof_trace_batch {
    uint64_t thread;
    uint64_t time;
    evprof_buf_t payload;
} evprof_trace_batch_t;

/* A list of numbers that grows. */
typedef struct evprof_trace_numbers {
    uint32_t *items;
    size_t count;
    size_t cap;
} evprof_trace_numbers_t;

typedef struct evprof_trace_generation {
    int64_t start_ns;
    int64_t end_ns;
    uint64_t serial; /* counts up over the recording */
    evprof_trace_batch_t *batches;
    size_t batch_count;
    size_t batch_cap;
    evprof_buf_t samples;          /* entries of the table of CPU samples */
    evprof_trace_numbers_t stacks; /* named by events, each once */
    evprof_trace_numbers_t strings;
    size_t bytes;              /* memory of all this */
    uint64_t dropped;          /* events that were lost while it was recorded */
    uint64_t dropped_switches; /* of threads by the kernel */
    bool failed;               /* memory was out: it is not written */
    struct evprof_trace_generation *next;
} evprof_trace_generation_t;

/* An empty one, NULL: out of memory. */
evprof_trace_generation_t *evprof_trace_generation_new(int64_t start_ns,
                                                       uint64_t serial);

/* Frees a generation; NULL is ignored. */
void evprof_trace_generation_free(evprof_trace_generation_t *generation);

/* Appends a number; `failed` when memory is out. */
void evprof_trace_number_add(evprof_trace_generation_t *generation,
                             evprof_trace_numbers_t *numbers, uint32_t number);

/* Moves the payload of a batch into the generation. */
void evprof_trace_batch_add(evprof_trace_generation_t *generation,
                            uint64_t thread, uint64_t time,
                            evprof_buf_t *payload);

#endif
