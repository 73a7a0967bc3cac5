/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PARSE_H
#define EVPROF_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a decimal number that is all of the text. False: it is none, or does
 * not fit; `out` keeps its value then, as in the functions below. */
bool evprof_parse_int64(const char *text, int64_t *out);

/* The same without a sign. */
bool evprof_parse_uint64(const char *text, uint64_t *out);

/* The same in hexadecimal, with or without 0x. */
bool evprof_parse_hex64(const char *text,
                        uint64_t *out); /* with or without 0x */
bool evprof_parse_double(const char *text, double *out);

/* The value of a hexadecimal digit of either case; negative: it is none.
 * Signal-safe. */
static inline int
evprof_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | ' ');
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that "%XX" at the start of `len` bytes of `text` stands for;
 * negative: it is no such escape. */
static inline int
evprof_percent_byte(const char *text, size_t len)
{
    int high = len >= 3 && text[0] == '%' ? evprof_hex_digit(text[1]) : -1;
    int low = high >= 0 ? evprof_hex_digit(text[2]) : -1;
    return low >= 0 ? high * 16 + low : -1;
}

#endif
