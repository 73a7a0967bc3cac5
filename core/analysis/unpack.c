/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers around a profile. The output buffer starts at the size that the
 * container claims, as far as that is believable, and doubles. A bomb is told
 * from a profile by its ratio: deflate reaches 1032, profiles stay below 100;
 * the ratio is looked at on the way.
 */
#include "core/analysis/unpack.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* next_in of zlib is const only on request. */
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "core/base/error.h"

#define RATIO_MAX 200

/* Below this size any ratio is harmless. */
#define FREE_SIZE ((size_t)64 << 20)

#define FIRST_SIZE ((size_t)4096)
#define WINDOW_BITS_GZIP (15 + 16)

/* Of a gzip member, at the least. */
#define HEADER_SIZE 10

/* Output between two looks at the ratio. */
#define STEP_SIZE ((size_t)16 << 20)

typedef struct output {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    const unsigned char *source;
} output_t;

static int
grow(output_t *o, size_t wanted, evprof_error_t *err)
{
    size_t cap = wanted > o->len ? wanted : o->cap * 2;
    cap = cap < FIRST_SIZE ? FIRST_SIZE : cap;
    cap = cap > o->max ? o->max : cap;
    char *data = realloc(o->data, cap);
    if (data == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "unpacking the profile: out of memory at %zu bytes",
                           cap);
    }
    o->data = data;
    o->cap = cap;
    return EVPROF_OK;
}

/* Makes room for the next step; `next` is how far the source has been read, so
 * that a bomb is noticed early, however large its file is. */
static int
make_room(output_t *o, const unsigned char *next, evprof_error_t *err)
{
    size_t consumed = (size_t)(next - o->source);
    bool is_bomb = o->len > FREE_SIZE && o->len / RATIO_MAX > consumed;
    if (is_bomb || o->len >= o->max) {
        return evprof_fail(
            err, EVPROF_ELIMIT,
            "the compressed profile is refused: its %zu bytes become more than "
            "%zu, which is no profile or too large a one",
            consumed, o->len);
    }
    return o->len < o->cap ? EVPROF_OK : grow(o, 0, err);
}

static size_t
step_size(const output_t *o)
{
    size_t room = o->cap - o->len;
    return room < STEP_SIZE ? room : STEP_SIZE;
}

/* What the last member's trailer claims, when it can be true: not more than
 * deflate's best, not less than nothing. */
static size_t
claimed_size(const unsigned char *data, size_t len)
{
    if (len < 18) {
        return 0;
    }
    const unsigned char *tail = data + len - 4;
    size_t claim = (size_t)tail[0] | (size_t)tail[1] << 8 |
                   (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
    return claim / RATIO_MAX > len ? 0 : claim + 1;
}

static int
inflate_failed(const z_stream *z, int result, evprof_error_t *err)
{
    if (result == Z_MEM_ERROR) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "unpacking the profile: out of memory");
    }
    if (result != Z_DATA_ERROR) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "the compressed profile ends too early");
    }
    const char *why = z->msg == NULL ? "" : z->msg;
    if (strstr(why, "header") != NULL || strstr(why, "method") != NULL) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "the gzip header of the profile is damaged");
    }
    if (strstr(why, "check") != NULL) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "the profile does not match its gzip checksum");
    }
    return evprof_fail(err, EVPROF_EPARSE,
                       "the compressed profile is damaged before "
                       "offset %lu",
                       z->total_in);
}

/* zlib counts its input in 32 bits. */
static void
refill(z_stream *z, const unsigned char *end)
{
    size_t left = (size_t)(end - z->next_in);
    z->avail_in = left < UINT_MAX ? (uInt)left : UINT_MAX;
}

/* Inflates one member from the stream's input, which ends at `end`. */
static int
inflate_member(z_stream *z, const unsigned char *end, output_t *o,
               evprof_error_t *err)
{
    for (;;) {
        refill(z, end);
        int status = make_room(o, z->next_in, err);
        if (status != EVPROF_OK) {
            return status;
        }
        uInt part = (uInt)step_size(o);
        z->next_out = (unsigned char *)o->data + o->len;
        z->avail_out = part;
        int result = inflate(z, Z_NO_FLUSH);
        o->len += part - z->avail_out;
        if (result == Z_STREAM_END) {
            return EVPROF_OK;
        }
        if (result != Z_OK || (z->next_in == end && z->avail_out > 0)) {
            return inflate_failed(z, result, err);
        }
    }
}

static int
unpack_gzip(const unsigned char *data, size_t len, output_t *o,
            evprof_error_t *err)
{
    z_stream z = { .next_in = data, .avail_in = 0 };
    if (inflateInit2(&z, WINDOW_BITS_GZIP) != Z_OK) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "unpacking the profile: out of memory");
    }
    int status = grow(o, claimed_size(data, len), err);
    const unsigned char *end = data + len;
    while (status == EVPROF_OK && z.next_in < end) {
        if (end - z.next_in < HEADER_SIZE) {
            status = inflate_failed(&z, Z_BUF_ERROR, err);
            break;
        }
        status = inflate_member(&z, end, o, err);
        if (status == EVPROF_OK) {
            inflateReset(&z);
        }
    }
    inflateEnd(&z);
    return status;
}

static int
unpack_zstd(const void *data, size_t len, output_t *o, evprof_error_t *err)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (stream == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "unpacking the profile: out of memory");
    }
    ZSTD_inBuffer in = { data, len, 0 };
    size_t hint = 1;
    int status = EVPROF_OK;
    while (status == EVPROF_OK && hint != 0) {
        status = make_room(o, o->source + in.pos, err);
        if (status != EVPROF_OK) {
            break;
        }
        ZSTD_outBuffer out = { o->data, o->len + step_size(o), o->len };
        hint = ZSTD_decompressStream(stream, &out, &in);
        bool starved = in.pos == in.size && out.pos < out.size;
        o->len = out.pos;
        if (ZSTD_isError(hint)) {
            status = evprof_fail(err, EVPROF_EPARSE,
                                 "zstd cannot unpack the profile: %s",
                                 ZSTD_getErrorName(hint));
        } else if (hint != 0 && starved) {
            status = evprof_fail(err, EVPROF_EPARSE,
                                 "the compressed profile ends too early");
        } else if (hint == 0 && in.pos < in.size) {
            hint = 1; /* another frame follows */
        }
    }
    ZSTD_freeDStream(stream);
    return status;
}

static bool
is_gzip(const void *data, size_t len)
{
    return len >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

static bool
is_zstd(const void *data, size_t len)
{
    return len >= 4 && memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0;
}

bool
evprof_unpack_is_packed(const void *data, size_t len)
{
    return is_gzip(data, len) || is_zstd(data, len);
}

int
evprof_unpack(const void *data, size_t len, size_t max_len,
              evprof_unpacked_t *out, evprof_error_t *err)
{
    output_t o = { .max = max_len, .source = data };
    int status = EVPROF_OK;
    if (is_gzip(data, len)) {
        status = unpack_gzip(data, len, &o, err);
    } else if (is_zstd(data, len)) {
        status = unpack_zstd(data, len, &o, err);
    } else {
        *out = (evprof_unpacked_t){ .data = data, .len = len };
        return EVPROF_OK;
    }
    if (status != EVPROF_OK) {
        free(o.data);
        return status;
    }
    *out = (evprof_unpacked_t){ o.data, o.len, o.data };
    return EVPROF_OK;
}

void
evprof_unpacked_free(evprof_unpacked_t *u)
{
    free(u->owned);
    *u = (evprof_unpacked_t){ 0 };
}
