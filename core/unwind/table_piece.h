/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_TABLE_PIECE_H
#define EVPROF_UNWIND_TABLE_PIECE_H

/* A piece is a run of an object's FDEs, compiled to rows by one thread; the
 * pieces of an object are then assembled into its table. */

#include <stdbool.h>

#include "core/objects/objects.h"
#include "core/unwind/frames.h"
#include "core/unwind/sig_table.h"

typedef struct evprof_piece_row {
    uint32_t start; /* from the segment's start */
    uint32_t code;  /* a code, or EVPROF_PIECE_NUMBER + the row's number */
} evprof_piece_row_t;

/* Codes have 16 bits. A row for a call has its number in the table from the
 * start, marked by this bit. */
#define EVPROF_PIECE_NUMBER ((uint32_t)1 << 16)

/* A run of FDEs of one object and the rows they gave. */
typedef struct evprof_piece {
    const evprof_object_t *object;
    const evprof_frames_t *frames;
    size_t first;
    size_t last;     /* one past the last */
    uint32_t bottom; /* as in evprof_table_job_t, minus the segment's start */
    evprof_piece_row_t *rows;
    size_t row_count;
    size_t row_cap;
    uint32_t last_code;   /* in force at the end of the rows */
    uint32_t before_last; /* in force before the last row */
    /* Number of rows for calls just before the last row. */
    unsigned calls;
    bool failed; /* out of memory */
} evprof_piece_t;

/* Fills in the rows, which the piece owns. The fields up to `bottom` must be
 * set, `last_code` and `before_last` be UINT32_MAX, the rest 0. */
void evprof_piece_compile(evprof_piece_t *piece);

/* Makes an object's table of all its pieces, in order; free it by
 * evprof_table_free(). NULL: out of memory. */
evprof_table_t *evprof_table_assemble(const evprof_piece_t *pieces,
                                      size_t count);

#endif
