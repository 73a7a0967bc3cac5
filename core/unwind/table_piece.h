/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_TABLE_PIECE_H
#define EVPROF_UNWIND_TABLE_PIECE_H

/* A part of an object on its way to a table: what one thread compiles. */

#include <stdbool.h>

#include "core/objects/objects.h"
#include "core/unwind/frames.h"
#include "core/unwind/sig_table.h"

typedef struct evprof_piece_row {
    uint32_t start; /* from the segment's start */
    uint32_t code;  /* from EVPROF_PIECE_NUMBER: the row's number, see below */
} evprof_piece_row_t;

/* Codes have 16 bits; a row for a call has its number in the table already. */
#define EVPROF_PIECE_NUMBER ((uint32_t)1 << 16)

/* A run of FDEs of one object and the rows they gave. */
typedef struct evprof_piece {
    const evprof_object_t *object;
    const evprof_frames_t *frames;
    size_t first;
    size_t last;     /* one behind */
    uint32_t bottom; /* see evprof_table_job_t, from the segment's start */
    evprof_piece_row_t *rows;
    size_t row_count;
    size_t row_cap;
    uint32_t last_code;   /* in force at the end of the rows */
    uint32_t before_last; /* in force before the last row */
    unsigned calls;       /* rows for calls right before the last row */
    bool failed;          /* out of memory */
} evprof_piece_t;

/* Fills in the rows of a piece whose first fields up to `bottom` are set, and
 * `last_code` and `before_last` are UINT32_MAX. The rows are owned. */
void evprof_piece_compile(evprof_piece_t *piece);

/* The table of an object of which these are all the pieces, in order; for
 * evprof_table_free(). NULL: out of memory. */
evprof_table_t *evprof_table_assemble(const evprof_piece_t *pieces,
                                      size_t count);

#endif
