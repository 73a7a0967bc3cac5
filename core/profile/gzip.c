/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deflate stream with one output block, which is written whenever it is full:
 * compressing takes the memory of the block and zlib's state (about 330 KiB
 * together), whatever the size of the profile.
 */
#include "core/profile/gzip.h"

#include <limits.h>
#include <stdlib.h>

/* Makes zlib's next_in const. */
#define ZLIB_CONST
#include <zlib.h>

#define OUT_SIZE ((size_t)64 * 1024)

/* "Unknown" in the gzip header, which Go writes on every system. */
#define OS_UNKNOWN 255

/* A window of 15 bits; adding 16 asks zlib for the gzip format. */
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
