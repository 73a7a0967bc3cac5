/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SAMPLING_H
#define EVPROF_SAMPLE_SAMPLING_H

/*
 * What the samplers of a window are asked: cpu.h by CPU time, wall.h by any. A
 * sampler runs while it has a window; a window that begins while others are
 * open joins them, and gets what belongs to its own time.
 */

#include <stdbool.h>
#include <stddef.h>

#include <evprof/module.h>

#include "core/sample/windows.h"
#include "core/unwind/unwind.h"

typedef struct evprof_sampling_options {
    unsigned rate_hz;                  /* 1..1000, for the first window */
    bool takes_any_rate;               /* joins whatever rate is running */
    const evprof_unwinder_t *unwinder; /* signal-safe */
    size_t depth;                      /* 1..EVPROF_TAP_DEPTH_MAX */
    int thread_labels;                 /* cpu: of enum evprof_thread_labels */
    size_t table_bytes;                /* of stacks; 0: 64 MiB */
    bool asks_sleepers; /* wall: sleepers that cannot be walked get a signal */
} evprof_sampling_options_t;

typedef int evprof_sampling_begin_fn(const evprof_sampling_options_t *options,
                                     evprof_sample_window_t **out,
                                     evprof_error_t *err);
typedef int evprof_sampling_end_fn(evprof_sample_window_t *window,
                                   evprof_builder_t *out, evprof_error_t *err);

#endif
