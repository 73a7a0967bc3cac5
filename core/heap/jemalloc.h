/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_JEMALLOC_H
#define EVPROF_HEAP_JEMALLOC_H

/*
 * jemalloc's heap profiling: whether the process has it and if not why,
 * switching it on and off, taking a dump. jemalloc is found at run time, never
 * needed.
 *
 * All calls are serialized by the caller, but for the ones marked MT-Safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/export.h>
#include <evprof/status.h>

#include "core/profile/loss.h"
#include "core/unwind/unwind.h"

/*
 * Finds the jemalloc whose names begin with `prefix` ("" for the usual one) and
 * checks that it can profile. EVPROF_ENOTSUP: it cannot; the sentence says what
 * to do for exactly that reason.
 */
int evprof_jemalloc_find(const char *prefix, evprof_error_t *err);

/* Whether cumulative counts are kept (prof_accum). */
bool evprof_jemalloc_accumulates(void);

/* Whether threads are sampled without asking for it. */
bool evprof_jemalloc_samples_threads(void);

/* Reads a number that jemalloc keeps as a size_t; false: there is none. */
bool evprof_jemalloc_size(const char *name, size_t *out);

/* "5.3.0-..." or "". Static. */
const char *evprof_jemalloc_version(void);

/* An address in a library whose malloc only counts and hands on, or 0. Frames
 * in it are the allocator's. MT-Safe. */
uintptr_t evprof_jemalloc_counter(void);

/* Such a library says so, before evprof_new(). For libevprof_testing. MT-Safe.
 */
EVPROF_API void evprof_heap_set_counter(uintptr_t address);

/* An address inside the jemalloc that was found, 0 before that. */
uintptr_t evprof_jemalloc_address(void);

/* Brings the statistics up to date. */
void evprof_jemalloc_refresh(void);

/* Gives unused memory back to the kernel, but for what other threads have
 * cached. */
void evprof_jemalloc_purge(void);

/* Leaves the calling thread out of heap profiles. MT-Safe. */
void evprof_jemalloc_leave_out(void);

typedef struct evprof_jemalloc_options {
    unsigned lg_sample; /* log2 of the mean bytes between samples; 0: as is */
    size_t max_stacks;  /* distinct ones that jemalloc may come to know */
    /* Walks the stacks of samples; NULL: jemalloc's built-in unwinder. */
    const evprof_unwinder_t *unwinder;
} evprof_jemalloc_options_t;

/*
 * Switches sampling on. The interval can be chosen before sampling was ever on,
 * and not later: a change would forget what is allocated. EVPROF_ESTATE says
 * so; EVPROF_ENOMEM; EVPROF_EIO: jemalloc refused.
 */
int evprof_jemalloc_start(const evprof_jemalloc_options_t *options,
                          evprof_error_t *err);

/* Switches sampling off and gives the hook's place back to its owner. */
void evprof_jemalloc_stop(void);

typedef struct evprof_jemalloc_stats {
    size_t stacks;      /* distinct ones handed to jemalloc */
    size_t max_stacks;  /* 0: no hook, not bounded */
    uint64_t samples;   /* stacks walked by our hook */
    uint64_t shortened; /* of them cut because max_stacks was reached */
} evprof_jemalloc_stats_t;

/* MT-Safe. */
void evprof_jemalloc_stats(evprof_jemalloc_stats_t *out);

/* Takes a piece of a dump; any status but EVPROF_OK ends the reading. */
typedef int (*evprof_jemalloc_feed_fn)(void *ctx, const char *data, size_t len,
                                       evprof_error_t *err);

/*
 * Has jemalloc write a dump, which replaces the last one. Takes tenths of a
 * second with many stacks; other threads go on, their malloc may wait for
 * moments. `who` of its users asks. EVPROF_EIO.
 */
int evprof_jemalloc_dump(enum evprof_loss_of who, evprof_error_t *err);

/* Hands the bytes of the dump to `feed`, piece by piece. EVPROF_EIO,
 * EVPROF_ENOMEM; what `feed` returned. */
int evprof_jemalloc_read_dump(evprof_jemalloc_feed_fn feed, void *ctx,
                              evprof_error_t *err);

/* Whether a dump of this very process is there to be read. */
bool evprof_jemalloc_has_dump(void);

/* How many dumps were taken. */
uint64_t evprof_jemalloc_dump_count(void);

/* Frees the memory of the dump. */
void evprof_jemalloc_drop_dump(void);

#endif
