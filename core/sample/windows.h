/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_WINDOWS_H
#define EVPROF_SAMPLE_WINDOWS_H

/*
 * Several windows of one sampler: the stacks are kept once, in a table that all
 * share, and each window has one sum for every stack of it. Memory is bounded
 * over all of them together. A stack that no window counts any more is dropped
 * when a window closes, so that windows which overlap for ever do not fill the
 * table. Not locked: under a lock of the sampler's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/module.h>

#include "core/sample/stacktable.h"

typedef struct evprof_sample_window {
    struct evprof_sample_window *next;
    int64_t began_unix_ns;
    int64_t began_ns; /* CLOCK_MONOTONIC */
    int64_t *sums;    /* by the stack's id; [0]: what found no room */
    size_t room;      /* of them */
} evprof_sample_window_t;

/* Calls `visit` for each id that the sampler keeps; it may change the id. */
typedef void evprof_windows_held_fn(void (*visit)(uint32_t *id, void *arg),
                                    void *arg);

typedef struct evprof_windows {
    size_t max_bytes;             /* set once */
    evprof_windows_held_fn *held; /* set once; NULL: it keeps none */
    evprof_stacktable_t *table;   /* NULL while no window is open */
    evprof_sample_window_t *first;
    size_t sums_bytes;
} evprof_windows_t;

/* Opens one at this moment; the caller's memory, zeroed. EVPROF_ENOMEM. */
int evprof_windows_open(evprof_windows_t *windows,
                        evprof_sample_window_t *window);

/* Closes a window; the last one frees the table. */
void evprof_windows_close(evprof_windows_t *windows,
                          evprof_sample_window_t *window);

/* Whether the window is open. */
bool evprof_windows_have(const evprof_windows_t *windows,
                         const evprof_sample_window_t *window);

/* The id of a stack in the table; 0: there is no room for it. */
uint32_t evprof_windows_stack(evprof_windows_t *windows,
                              const evprof_stack_t *stack,
                              const evprof_label_set_t *labels);

/* Adds to a window's sum of a stack. */
void evprof_windows_add(evprof_windows_t *windows,
                        evprof_sample_window_t *window, uint32_t id,
                        int64_t amount);

typedef int evprof_window_write_fn(evprof_builder_t *out,
                                   const evprof_stack_sums_t *stack,
                                   int64_t sum);

/* Calls `write` for each stack that has a sum in the window, until a status is
 * not EVPROF_OK. */
int evprof_windows_write(const evprof_windows_t *windows,
                         const evprof_sample_window_t *window,
                         evprof_window_write_fn *write, evprof_builder_t *out);

/* In the child of a fork: forgets all, frees nothing. */
void evprof_windows_forget(evprof_windows_t *windows);

#endif
