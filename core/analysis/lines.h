/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_LINES_H
#define EVPROF_ANALYSIS_LINES_H

/*
 * Reading text formats: lines of a memory block, and words and numbers within a
 * line. Nothing is copied and nothing need end in a NUL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of text; what is taken from its front moves `at`. */
typedef struct evprof_span {
    const char *at;
    const char *end;
} evprof_span_t;

/* The span of `len` bytes at `data`, which stay the caller's. */
evprof_span_t evprof_span(const char *data, size_t len);

/* Bytes in the span. */
size_t evprof_span_len(evprof_span_t s);

/* The next line without its newline (or CR and newline); false at the end. */
bool evprof_span_line(evprof_span_t *text, evprof_span_t *line);

/* The next line with anything but white space in it that is no # comment. */
bool evprof_span_content(evprof_span_t *text, evprof_span_t *line);

/* The same span without white space around it. */
evprof_span_t evprof_span_trim(evprof_span_t s);

/* Whether the span begins with `text`. */
bool evprof_span_starts(evprof_span_t s, const char *text);

/* Whether the span is `text`. */
bool evprof_span_equals(evprof_span_t s, const char *text);
/* Where `text` first occurs, or NULL. */
const char *evprof_span_find(evprof_span_t s, const char *text);

/* Takes `text` from the front; false: something else is there, and stays. */
bool evprof_take(evprof_span_t *s, const char *text);

/* Takes white space from the front, if there is any. */
void evprof_take_spaces(evprof_span_t *s);

/* Takes what comes before the next white space; false: nothing. */
bool evprof_take_word(evprof_span_t *s, evprof_span_t *word); /* no space */
bool evprof_take_digits(evprof_span_t *s, int64_t *out);      /* no sign */
bool evprof_take_int(evprof_span_t *s, int64_t *out);         /* sign allowed */
bool evprof_take_hex(evprof_span_t *s, uint64_t *out);        /* no 0x */

/* The whole of `s` as a number, as C writes it: decimal, 0x hex, 0 octal. */
bool evprof_span_number(evprof_span_t s, int64_t *out);

/*
 * Takes the next address, "0x" and hex digits, from anywhere in `s`. 1: found,
 * 0: none left, -1: more than 64 bits.
 */
int evprof_take_address(evprof_span_t *s, uint64_t *out);

#endif
