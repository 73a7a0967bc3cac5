/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_WIRE_READ_H
#define EVPROF_ANALYSIS_WIRE_READ_H

/*
 * Reading protobuf's wire format from memory. A cursor that runs into the end
 * or into nonsense becomes `bad` and stays there, so that callers check once.
 * The functions are inline because a profile is millions of varints.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/profile/wire.h"

typedef struct evprof_wire {
    const unsigned char *at;
    const unsigned char *end;
    bool bad;
} evprof_wire_t;

/* One field; `value` is 0 for bytes, `sub` is empty for all else. */
typedef struct evprof_wire_field {
    uint32_t number;
    enum evprof_wire_type type;
    uint64_t value;
    evprof_wire_t sub;
} evprof_wire_field_t;

/* Ten bytes of seven bits; what they say beyond 64 bits is lost. */
static inline uint64_t
evprof_wire_varint(evprof_wire_t *w)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && w->at < w->end; shift += 7) {
        uint64_t byte = *w->at++;
        value |= (byte & 0x7f) << (shift & 63);
        if (byte < 0x80) {
            return value;
        }
    }
    w->bad = true;
    return 0;
}

/* Reads `size` bytes, the lowest first; sets `bad` at the end of the message.
 */
static inline uint64_t
evprof_wire_fixed(evprof_wire_t *w, size_t size)
{
    if ((size_t)(w->end - w->at) < size) {
        w->bad = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)w->at[i] << (8 * i);
    }
    w->at += size;
    return value;
}

/* Reads a length and that many bytes as a message of their own. */
static inline evprof_wire_t
evprof_wire_bytes(evprof_wire_t *w)
{
    uint64_t len = evprof_wire_varint(w);
    if (w->bad || len > (uint64_t)(w->end - w->at)) {
        w->bad = true;
        return (evprof_wire_t){ w->end, w->end, true };
    }
    evprof_wire_t sub = { w->at, w->at + len, false };
    w->at += len;
    return sub;
}

/* False at the end and when the cursor has become bad. */
static inline bool
evprof_wire_next(evprof_wire_t *w, evprof_wire_field_t *out)
{
    if (w->at >= w->end || w->bad) {
        return false;
    }
    uint64_t tag = evprof_wire_varint(w);
    /* Numbers that no field of ours can have are skipped, whatever they are. */
    out->number = tag >> 3 < UINT32_MAX ? (uint32_t)(tag >> 3) : UINT32_MAX;
    out->type = (enum evprof_wire_type)(tag & 7);
    out->value = 0;
    out->sub = (evprof_wire_t){ w->at, w->at, false };
    switch (out->type) {
    case EVPROF_WIRE_VARINT:
        out->value = evprof_wire_varint(w);
        break;
    case EVPROF_WIRE_FIXED64:
        out->value = evprof_wire_fixed(w, 8);
        break;
    case EVPROF_WIRE_BYTES:
        out->sub = evprof_wire_bytes(w);
        break;
    case EVPROF_WIRE_FIXED32:
        out->value = evprof_wire_fixed(w, 4);
        break;
    default:
        w->bad = true;
        break;
    }
    return !w->bad;
}

#endif
