/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_V2_H
#define EVPROF_HEAP_V2_H

/*
 * Reads jemalloc's heap dumps ("heap_v2/RATE"), from a server's own dump as
 * from a jeprof file. The text is fed in pieces of any size and never held as a
 * whole: one stack at a time is handed to the caller. A dump repeats each
 * stack's counts for each thread; only the lines for all threads ("t*:") are
 * read.
 */

#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/buf.h"

/* The sampled counts of a stack as in the dump, not scaled up. */
typedef struct evprof_heap_counts {
    int64_t objects; /* in use */
    int64_t bytes;
    int64_t accum_objects; /* since the start; 0 without prof_accum */
    int64_t accum_bytes;
} evprof_heap_counts_t;

/* Deeper stacks are refused as malformed; jemalloc 5.3 writes at most 128. */
#define EVPROF_HEAP_DEPTH_MAX 2048u

typedef struct evprof_heap_v2_sink {
    /* One stack, leaf first, return addresses; valid during the call. What it
     * returns, if not 0, ends the reading. */
    int (*stack)(void *ctx, const uint64_t *pcs, size_t count,
                 const evprof_heap_counts_t *counts);
    /* A line of /proc/PID/maps, without its newline; may be NULL. */
    int (*map)(void *ctx, const char *line, size_t len);
    void *ctx;
} evprof_heap_v2_sink_t;

typedef struct evprof_heap_v2 {
    evprof_heap_v2_sink_t sink;
    uint64_t rate;              /* out: mean bytes between samples */
    evprof_heap_counts_t total; /* out: the dump's own sums */
    size_t line;                /* lines read so far */
    int state;
    evprof_buf_t partial; /* a line whose end has not come yet */
    uint64_t *pcs;
    size_t pc_count;
} evprof_heap_v2_t;

/* Makes a reader; it must be ended whatever happens. */
void evprof_heap_v2_begin(evprof_heap_v2_t *reader,
                          const evprof_heap_v2_sink_t *sink);

/*
 * Reads the next `len` bytes. EVPROF_EPARSE: no heap_v2 dump or a damaged one,
 * with the line; EVPROF_ENOMEM; what the sink returned. After a failure the
 * reader may only be ended.
 */
int evprof_heap_v2_feed(evprof_heap_v2_t *reader, const char *data, size_t len,
                        evprof_error_t *err);

/* The text is over. EVPROF_EPARSE: it was cut off. */
int evprof_heap_v2_finish(evprof_heap_v2_t *reader, evprof_error_t *err);

/* Frees what the reader holds. */
void evprof_heap_v2_end(evprof_heap_v2_t *reader);

/*
 * Scales sampled counts up to what they stand for. An allocation of s bytes is
 * sampled with probability 1 - exp(-s / rate); `*objects` and `*bytes` are
 * divided by that of their average size. Rates up to 1 sample everything.
 */
void evprof_heap_unbias(uint64_t rate, int64_t *objects, int64_t *bytes);

#endif
