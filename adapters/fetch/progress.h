/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_PROGRESS_H
#define EVPROF_FETCH_PROGRESS_H

#include <stddef.h>

#include "adapters/fetch/transfer.h"

/*
 * Live lines on the terminal behind stderr, one a running source: how long it
 * still takes and what has come. Nothing without a terminal.
 */
typedef struct evprof_progress {
    bool is_on;
    size_t lines; /* drawn last time */
    int64_t drawn_ns;
} evprof_progress_t;

/* Redraws, at most a few times a second. */
void evprof_progress_draw(evprof_progress_t *p,
                          const evprof_transfer_t *transfers, size_t count);

/* Takes the lines away, so that others can be printed. */
void evprof_progress_clear(evprof_progress_t *p);

#endif
