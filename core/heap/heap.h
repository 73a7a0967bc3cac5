/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_HEAP_H
#define EVPROF_HEAP_HEAP_H

/*
 * Shared by the profiles "heap" and "allocs": one jemalloc, one dump for all
 * requests that came before it began, the same four columns. Called by hooks of
 * modules only, so one call at a time.
 */

#include <stddef.h>

#include <evprof/module.h>

#include "core/profile/loss.h"
#include "core/profile/pprof.h"
#include "core/unwind/unwind.h"

typedef struct evprof_heap_options {
    const char *mallctl_prefix; /* "": jemalloc has its usual names */
    long long sample_interval;  /* bytes, a power of two; 0: jemalloc's own */
    long max_stacks;
    const evprof_unwinder_t *unwinder; /* NULL: call-frame tables */
} evprof_heap_options_t;

#define EVPROF_HEAP_MAX_STACKS_TEXT "65536"

/*
 * What the heap asks of the runtime, which lies above it. All four are called
 * on the thread that runs the hooks of modules; the struct must be static.
 */
typedef struct evprof_heap_services {
    /* The name of the function that holds `pc`, valid until the next call, or
     * NULL. */
    const char *(*name)(uintptr_t pc);
    /* The address at which that function begins; 0: unknown. */
    uintptr_t (*entry)(uintptr_t pc);
    /* Gives `p` mappings, functions and lines. EVPROF_ENOMEM. */
    int (*symbolize)(evprof_pprof_t *p, evprof_error_t *err);
    /* Has `run` called once after every request that waits now and before all
     * later ones; nothing when that is already so. EVPROF_ENOMEM. */
    int (*post)(void (*run)(void), evprof_error_t *err);
} evprof_heap_services_t;

/*
 * Switches sampling on for one more profile. `options` NULL: this profile has
 * no say, and defaults hold until one that has comes. EVPROF_ENOTSUP with what
 * to do about it; EVPROF_ESTATE: the interval cannot change any more;
 * EVPROF_ENOMEM; EVPROF_EIO. Every call that gave 0 is undone by one
 * evprof_heap_close().
 */
int evprof_heap_open(const evprof_heap_options_t *options,
                     const evprof_heap_services_t *services,
                     evprof_error_t *err);

/* Undoes one evprof_heap_open(); the last one stops sampling where that was
 * started here. */
void evprof_heap_close(void);

/* EVPROF_ENOTSUP when only memory in use is counted. */
int evprof_heap_check_accumulates(evprof_error_t *err);

/*
 * Fills `out` with what is allocated now and what was since the start, scaled
 * up from samples; `who` of both profiles asks decides which column is first.
 * EVPROF_EPARSE: the dump is damaged; EVPROF_EIO; EVPROF_ENOMEM; EVPROF_ELIMIT.
 */
int evprof_heap_snapshot(const evprof_ask_t *ask, enum evprof_loss_of who,
                         evprof_builder_t *out, evprof_error_t *err);

/* The text of debug=1: samples as they are, then jemalloc's statistics. */
int evprof_heap_text(const evprof_ask_t *ask, enum evprof_loss_of who,
                     const evprof_writer_t *out, evprof_error_t *err);

/* Distinct stacks, -1: unknown. */
long evprof_heap_count(void);

/* Lines for the status page. */
int evprof_heap_status(const evprof_writer_t *out);

#endif
