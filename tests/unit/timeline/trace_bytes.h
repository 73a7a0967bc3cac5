/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTS_TRACE_BYTES_H
#define EVPROF_TESTS_TRACE_BYTES_H

/*
 * A trace of two threads as bytes. Thread 101, main, has task 7 and in it the
 * region "lookup"; it waits for a mutex from 10 us to 60 us, which thread 102,
 * holder, gives back, and runs again at 70 us.
 */

#include "core/base/buf.h"

enum { MAIN = 101, HOLDER = 102 };

typedef struct trace_shape {
    int64_t wake_ns;      /* what the waker's clock says at the wake */
    uint64_t wake_number; /* 1, as it must be */
    unsigned generations;
    bool has_no_clock;
    bool has_bad_string;
} trace_shape_t;

/* As described. */
#define TRACE_SHAPE                                                            \
    {                                                                          \
        .wake_ns = 60000, .wake_number = 1, .generations = 1                   \
    }

/* Appends the bytes; to be freed. */
void trace_bytes(const trace_shape_t *shape, evprof_buf_t *out);

#endif
