/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deflate stream over one output block, which goes to the writer whenever it
 * is full: compressing a profile costs the block and zlib's state (about 330
 * KiB together), whatever the profile's size.
 */
#include "core/profile/gzip.h"

#include <limits.h>
#include <stdlib.h>

/* next_in of zlib is const only on request. */
#define ZLIB_CONST
#include <zlib.h>

#define OUT_SIZE ((size_t)64 * 1024)

/* The gzip header's "unknown", which Go writes on every system. */
#define OS_UNKNOWN 255

/* zlib: 15 bits of window, 16 asks for the gzip form. */
#define WINDOW_BITS_GZIP (15 + 16)
#define MEMORY_LEVEL 8

struct evprof_gzip {
    const evprof_writer_t *out;
    z_stream stream;
    gz_header header;
    unsigned char block[OUT_SIZE];
};

evprof_gzip_t *
evprof_gzip_new(const evprof_writer_t *out)
{
    evprof_gzip_t *gz = calloc(1, sizeof(*gz));
    if (gz == NULL) {
        return NULL;
    }
    gz->out = out;
    gz->header.os = OS_UNKNOWN;
    if (deflateInit2(&gz->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS_GZIP,
                     MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gz);
        return NULL;
    }
    deflateSetHeader(&gz->stream, &gz->header);
    gz->stream.next_out = gz->block;
    gz->stream.avail_out = OUT_SIZE;
    return gz;
}

static int
write_block(evprof_gzip_t *gz)
{
    size_t len = OUT_SIZE - gz->stream.avail_out;
    gz->stream.next_out = gz->block;
    gz->stream.avail_out = OUT_SIZE;
    return len == 0 ? EVPROF_OK : gz->out->write(gz->out->ctx, gz->block, len);
}

int
evprof_gzip_write(evprof_gzip_t *gz, const void *data, size_t len)
{
    const unsigned char *next = data;
    while (len > 0) {
        size_t part = len < UINT_MAX ? len : UINT_MAX;
        gz->stream.next_in = next;
        gz->stream.avail_in = (uInt)part;
        while (gz->stream.avail_in > 0) {
            deflate(&gz->stream, Z_NO_FLUSH);
            int status =
                gz->stream.avail_out == 0 ? write_block(gz) : EVPROF_OK;
            if (status != EVPROF_OK) {
                return status;
            }
        }
        next += part;
        len -= part;
    }
    return EVPROF_OK;
}

int
evprof_gzip_end(evprof_gzip_t *gz)
{
    int result = Z_OK;
    while (result != Z_STREAM_END) {
        result = deflate(&gz->stream, Z_FINISH);
        int status = write_block(gz);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

void
evprof_gzip_free(evprof_gzip_t *gz)
{
    if (gz != NULL) {
        deflateEnd(&gz->stream);
        free(gz);
    }
}
