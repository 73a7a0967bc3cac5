/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/buffer.h>

#include <evprof/evhttp.h>

static int
append(void *ctx, const void *data, size_t len)
{
    return evbuffer_add(ctx, data, len) == 0 ? EVPROF_OK : EVPROF_ENOMEM;
}

evprof_writer_t
evprof_writer_evbuffer(struct evbuffer *out)
{
    return (evprof_writer_t){ .write = append, .ctx = out };
}
