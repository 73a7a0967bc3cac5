/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_STREAM_H
#define EVPROF_BASE_STREAM_H

#include "core/base/buf.h"

/*
 * Output that is collected in a buffer and passed on in large pieces. Write to
 * `buf` as you like and call evprof_stream_poll() now and then; the first error
 * is kept, after which nothing is passed on. One thread at a time.
 */
typedef struct evprof_stream {
    evprof_buf_t buf;
    const evprof_writer_t *out;
    int status;
} evprof_stream_t;

/* `out` must stay valid until the end. */
void evprof_stream_begin(evprof_stream_t *s, const evprof_writer_t *out);

/* Hands what is buffered to the writer; returns what that said. */
void evprof_stream_flush(evprof_stream_t *s);

/* Passes on what was collected if that is much. */
static inline void
evprof_stream_poll(evprof_stream_t *s)
{
    enum { ENOUGH = 1 << 16 };
    if (s->buf.len >= ENOUGH || s->buf.failed) {
        evprof_stream_flush(s);
    }
}

/* Passes on the rest and frees the buffer: 0, what the writer returned, or
 * EVPROF_ENOMEM. */
int evprof_stream_end(evprof_stream_t *s);

#endif
