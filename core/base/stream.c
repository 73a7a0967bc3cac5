/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffer in front of a writer. Reports write line by line; a system call, or
 * even a call through a pointer, for each would cost more than the line.
 */
#include "core/base/stream.h"

#include <evprof/status.h>

void
evprof_stream_begin(evprof_stream_t *s, const evprof_writer_t *out)
{
    *s = (evprof_stream_t){ .out = out };
}

void
evprof_stream_flush(evprof_stream_t *s)
{
    if (s->status == EVPROF_OK) {
        s->status = evprof_buf_write(&s->buf, s->out);
    }
    evprof_buf_clear(&s->buf);
}

int
evprof_stream_end(evprof_stream_t *s)
{
    evprof_stream_flush(s);
    evprof_buf_free(&s->buf);
    return s->status;
}
