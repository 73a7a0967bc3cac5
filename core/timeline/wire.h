/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_WIRE_H
#define EVPROF_TIMELINE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a trace that are still to be read. */
typedef struct evprof_timeline_bytes {
    const uint8_t *at;
    const uint8_t *end;
} evprof_timeline_bytes_t;

/* Reads the next number, seven bits a byte. False: the bytes end within it, or
 * it has more than 64 bits. */
static inline bool
evprof_timeline_number(evprof_timeline_bytes_t *b, uint64_t *out)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && b->at < b->end; shift += 7) {
        uint8_t byte = *b->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = number;
            return true;
        }
    }
    return false;
}

/* The next `count` numbers. */
static inline bool
evprof_timeline_numbers(evprof_timeline_bytes_t *b, uint64_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!evprof_timeline_number(b, &out[i])) {
            return false;
        }
    }
    return true;
}

#endif
