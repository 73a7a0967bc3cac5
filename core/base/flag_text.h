/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_FLAG_TEXT_H
#define EVPROF_BASE_FLAG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/buf.h"

/*
 * Flags and their values as Go's flag, strconv and time packages write and read
 * them. Functions that return a status fail with EVPROF_EPARSE and a message
 * that quotes the text; those that return false say nothing. All leave `out` as
 * it was when they fail.
 */

/* A word of a command line that is a flag, taken apart. */
typedef struct evprof_flag_word {
    const char *name;  /* behind one dash or two; ends at len, not by a NUL */
    size_t len;        /* bytes of the name */
    const char *value; /* behind the first "=", or NULL: there is none */
} evprof_flag_word_t;

/* Whether the word is a flag: "-" alone and "--" are none. */
bool evprof_flag_is(const char *word);

/* Takes a flag apart; the parts point into `word`. */
evprof_flag_word_t evprof_flag_split(const char *word);

/* Whether the flag is called `name`. */
bool evprof_flag_is_called(const evprof_flag_word_t *flag, const char *name);

/* 1 t T TRUE true True, 0 f F FALSE false False, and nothing else. */
bool evprof_flag_bool(const char *text, bool *out);

/* pprof's wider set: true t yes y 1 on "" / false f no n 0 off, in any case. */
int evprof_flag_switch(const char *text, bool *out, evprof_error_t *err);

/* A decimal number with or without a sign, in the range of int64_t. */
int evprof_flag_int(const char *text, int64_t *out, evprof_error_t *err);

/* Any number that strtod() takes whole, infinities and NaN by their names too.
 */
int evprof_flag_float(const char *text, double *out, evprof_error_t *err);

/* "1m30.5s", "-300ms", "0": numbers with units from ns to h; in nanoseconds. */
bool evprof_flag_duration(const char *text, int64_t *out_ns);

/* Appends the duration as Go prints it: "1h0m3.5s", "1.5ms", "0s". */
void evprof_flag_put_duration(evprof_buf_t *out, int64_t ns);

/* Appends the dot and the digits of `fraction` of 10^digits, without closing
 * zeros; nothing for 0. */
void evprof_flag_put_fraction(evprof_buf_t *out, uint64_t fraction, int digits);

/* What evprof_flag_print_float() writes, its NUL included. */
#define EVPROF_FLAG_FLOAT_SIZE 40

/* Writes the fewest digits that read back the same, with an exponent below 1e-4
 * and from 1e6 on. */
void evprof_flag_print_float(char out[EVPROF_FLAG_FLOAT_SIZE], double value);

#endif
