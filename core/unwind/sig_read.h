/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_READ_H
#define EVPROF_UNWIND_SIG_READ_H

/*
 * A reader of DWARF's numbers. Reading beyond the end gives 0 and sets
 * `failed`, so that a caller may read on and check once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct evprof_reader {
    const unsigned char *data;
    size_t at;
    size_t end;
    bool failed;
} evprof_reader_t;

/* A little-endian number of `width` bytes: 1, 2, 4 or 8. */
static inline uint64_t
evprof_read_fixed(evprof_reader_t *r, size_t width)
{
    uint64_t out = 0;
    if (r->at > r->end || width > r->end - r->at) {
        r->failed = true;
        r->at = r->end;
        return 0;
    }
    memcpy(&out, r->data + r->at, width);
    r->at += width;
    return out;
}

/* The next byte; 0 and `failed` at the end. */
static inline uint8_t
evprof_read_u8(evprof_reader_t *r)
{
    if (r->at >= r->end) {
        r->failed = true;
        return 0;
    }
    return r->data[r->at++];
}

/* The next four bytes, the lowest first; 0 and `failed` at the end. */
static inline uint32_t
evprof_read_u32(evprof_reader_t *r)
{
    uint32_t out = 0;
    if (r->at > r->end || sizeof(out) > r->end - r->at) {
        r->failed = true;
        r->at = r->end;
        return 0;
    }
    memcpy(&out, r->data + r->at, sizeof(out));
    r->at += sizeof(out);
    return out;
}

/* An unsigned LEB128 number. Bits beyond the 64th are dropped; a number without
 * an end sets `failed`. The first branch serves the nearly all that have one
 * byte. */
static inline uint64_t
evprof_read_uleb(evprof_reader_t *r)
{
    if (r->at < r->end && r->data[r->at] < 128) {
        return r->data[r->at++];
    }
    uint64_t out = 0;
    uint8_t byte = 0;
    unsigned shift = 0;
    do {
        byte = evprof_read_u8(r);
        out |= shift < 64 ? (uint64_t)(byte & 127) << shift : 0;
        shift += 7;
    } while ((byte & 128) != 0);
    return out;
}

/* A signed LEB128 number; as above. */
static inline int64_t
evprof_read_sleb(evprof_reader_t *r)
{
    uint64_t out = 0;
    uint8_t byte = 0;
    unsigned shift = 0;
    do {
        byte = evprof_read_u8(r);
        out |= shift < 64 ? (uint64_t)(byte & 127) << shift : 0;
        shift += 7;
    } while ((byte & 128) != 0);
    if ((byte & 64) != 0 && shift < 64) {
        out |= UINT64_MAX << shift;
    }
    return (int64_t)out;
}

/* Skips `count` bytes; sets `failed` when there are fewer. */
static inline void
evprof_read_skip(evprof_reader_t *r, uint64_t count)
{
    if (r->at > r->end || count > r->end - r->at) {
        r->failed = true;
        r->at = r->end;
    } else {
        r->at += (size_t)count;
    }
}

#endif
