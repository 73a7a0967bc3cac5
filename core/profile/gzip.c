/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deflate stream with one output block, which is written whenever it is full:
 * compressing takes the memory of the block and zlib's state (about 330 KiB
 * together), whatever the size of the profile.
 *
 * A program may export functions of its own by the names of zlib's, which then
 * are called in their place, by zlib itself too: slapd has a crc32() that takes
 * other arguments, varnishd a deflate() with another stream. There the stream
 * is of stored blocks, and made without zlib.
 */
#include "core/profile/gzip.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Makes zlib's next_in const. */
#define ZLIB_CONST
#include <zlib.h>

#include "core/base/look_up.h"

#define OUT_SIZE ((size_t)64 * 1024)

/* "Unknown" in the gzip header, which Go writes on every system. */
#define OS_UNKNOWN 255

/* A window of 15 bits; adding 16 asks zlib for the gzip format. */
#define WINDOW_BITS_GZIP (15 + 16)
#define MEMORY_LEVEL 8

/* Of a stored block: its bytes, and what is before them. */
#define STORED_MAX ((size_t)UINT16_MAX)
#define STORED_HEAD 5

struct evprof_gzip {
    const evprof_writer_t *out;
    z_stream stream;
    gz_header header;
    bool is_stored; /* then without `stream` and `header` */
    uint32_t crc;
    uint32_t total;
    bool has_head;
    size_t len; /* of what waits in `block` */
    unsigned char block[OUT_SIZE];
};

/* ---- Without zlib ---- */

static bool is_zlib_hidden;

/* Whether calls of that name go to a function that is not of zlib: another
 * object defines it, which is neither libz nor, where zlib was linked into it,
 * the one with this code. A program that is not position-independent has only
 * an entry in its linkage table by which it calls zlib's. */
static bool
is_hidden(void *zlib, const char *name)
{
    static const char here;
    Dl_info own;
    Dl_info info;
    void *found = NULL;
    void *called = evprof_look_up(RTLD_DEFAULT, name);
    if (called == NULL || called == dlsym(zlib, name)) {
        return false;
    }
    const ElfW(Sym) *symbol =
        dladdr1(called, &info, &found, RTLD_DL_SYMENT) == 0 ? NULL : found;
    if (symbol == NULL || dladdr(&here, &own) == 0) {
        return true;
    }
    return symbol->st_shndx != SHN_UNDEF && info.dli_fbase != own.dli_fbase;
}

/* Early: a thread that is stuck in dlopen() later must not keep a profile from
 * being written. */
__attribute__((constructor)) static void
look_for_zlib(void)
{
    static const char *const names[] = { "adler32",       "adler32_z",
                                         "crc32",         "crc32_z",
                                         "deflate",       "deflateEnd",
                                         "deflateInit2_", "deflateSetHeader",
                                         "deflateReset",  "deflateResetKeep" };
    void *zlib = dlopen("libz.so.1", RTLD_LAZY | RTLD_NOLOAD);
    for (size_t i = 0; zlib != NULL && i < sizeof(names) / sizeof(names[0]);
         i++) {
        is_zlib_hidden = is_zlib_hidden || is_hidden(zlib, names[i]);
    }
}

static uint32_t
add_to_crc(uint32_t crc, const unsigned char *data, size_t len)
{
    static const uint32_t of_half_byte[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c
    };
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ of_half_byte[crc & 15];
        crc = crc >> 4 ^ of_half_byte[crc & 15];
    }
    return ~crc;
}

static int
write_stored_head(evprof_gzip_t *gz)
{
    static const unsigned char head[10] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0,
                                            0,    0,    OS_UNKNOWN };
    gz->has_head = true;
    return gz->out->write(gz->out->ctx, head, sizeof(head));
}

static int
write_stored_block(evprof_gzip_t *gz, bool is_last)
{
    const unsigned len = (unsigned)gz->len;
    const unsigned char head[STORED_HEAD] = { is_last, (unsigned char)len,
                                              (unsigned char)(len >> 8),
                                              (unsigned char)~len,
                                              (unsigned char)(~len >> 8) };
    int status = gz->has_head ? EVPROF_OK : write_stored_head(gz);
    if (status == EVPROF_OK) {
        status = gz->out->write(gz->out->ctx, head, sizeof(head));
    }
    if (status == EVPROF_OK && len > 0) {
        status = gz->out->write(gz->out->ctx, gz->block, len);
    }
    gz->len = 0;
    return status;
}

static int
store(evprof_gzip_t *gz, const unsigned char *data, size_t len)
{
    gz->crc = add_to_crc(gz->crc, data, len);
    gz->total += (uint32_t)len;
    while (len > 0) {
        size_t part = STORED_MAX - gz->len < len ? STORED_MAX - gz->len : len;
        memcpy(gz->block + gz->len, data, part);
        gz->len += part;
        data += part;
        len -= part;
        int status =
            gz->len == STORED_MAX ? write_stored_block(gz, false) : EVPROF_OK;
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

static int
end_stored(evprof_gzip_t *gz)
{
    unsigned char tail[8];
    for (unsigned i = 0; i < 4; i++) {
        tail[i] = (unsigned char)(gz->crc >> (8 * i));
        tail[4 + i] = (unsigned char)(gz->total >> (8 * i));
    }
    int status = write_stored_block(gz, true);
    return status == EVPROF_OK
               ? gz->out->write(gz->out->ctx, tail, sizeof(tail))
               : status;
}

/* ---- With zlib ---- */

evprof_gzip_t *
evprof_gzip_new(const evprof_writer_t *out)
{
    evprof_gzip_t *gz = calloc(1, sizeof(*gz));
    if (gz == NULL) {
        return NULL;
    }
    gz->out = out;
    gz->is_stored = is_zlib_hidden;
    if (gz->is_stored) {
        return gz;
    }
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
    if (gz->is_stored) {
        return store(gz, next, len);
    }
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
    if (gz->is_stored) {
        return end_stored(gz);
    }
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
        if (!gz->is_stored) {
            deflateEnd(&gz->stream);
        }
        free(gz);
    }
}
