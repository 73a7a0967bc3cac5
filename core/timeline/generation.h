/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_GENERATION_H
#define EVPROF_TIMELINE_GENERATION_H

/*
 * A generation is about a second of a trace: for each M its batches of events,
 * which point into the file, and the tables of strings and stacks that the
 * events name.
 */

#include "core/timeline/id_map.h"
#include "core/timeline/timeline.h"
#include "core/timeline/wire.h"

/* Events of one M, and where those after them are. */
typedef struct evprof_timeline_batch {
    uint64_t m;
    uint64_t time; /* ticks */
    evprof_timeline_bytes_t bytes;
    uint32_t next; /* of the same M, + 1; 0: none */
} evprof_timeline_batch_t;

typedef struct evprof_timeline_sample {
    int64_t ns;
    uint64_t m;
    uint64_t g;
    uint32_t stack; /* of the timeline */
    uint32_t order; /* in the file */
} evprof_timeline_sample_t;

typedef struct evprof_timeline_generation {
    uint64_t number;
    double ns_per_tick;
    uint64_t min_time; /* ticks */
    bool has_clock;
    bool is_whole;    /* what follows it was seen */
    bool is_cut;      /* the file ends within it */
    bool is_file_cut; /* the file ends within this or the next one */
    evprof_timeline_batch_t *batches;
    size_t batch_count;
    size_t batch_cap;
    evprof_timeline_map_t ms; /* in the order of their first batch */
    uint32_t *ends;           /* for each M its first and last batch */
    size_t end_cap;
    evprof_timeline_map_t strings;
    const char **texts; /* by row */
    size_t text_cap;
    evprof_timeline_map_t stacks;
    uint32_t *stack_numbers; /* by row, of the timeline */
    size_t stack_cap;
    evprof_timeline_sample_t *samples; /* by time */
    size_t sample_count;
    size_t sample_cap;
} evprof_timeline_generation_t;

/*
 * Reads the generation that begins at `file`, which moves on to the next, with
 * its tables. `number` stays 0 when there is none. EVPROF_EPARSE: its bytes are
 * no generation; EVPROF_ENOMEM.
 */
int evprof_timeline_generation_read(evprof_timeline_t *t,
                                    evprof_timeline_bytes_t *file,
                                    evprof_timeline_generation_t *out,
                                    evprof_error_t *err);

/* Frees the tables of a generation. */
void evprof_timeline_generation_free(evprof_timeline_generation_t *g);

/* Ticks as nanoseconds. */
int64_t evprof_timeline_ns(const evprof_timeline_generation_t *g,
                           uint64_t ticks);

/* The text of that number; false: the generation has none such. */
bool evprof_timeline_text(const evprof_timeline_generation_t *g, uint64_t id,
                          const char **out);

/* The same for a stack: `*out` is its row in the trace. */
bool evprof_timeline_stack(const evprof_timeline_generation_t *g, uint64_t id,
                           uint32_t *out);

#endif
