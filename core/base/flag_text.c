/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are run as `go test` binaries and `go tool pprof` are get the
 * command lines of those, and scripts read what they print. Durations are added
 * up as floats, so a sum of many units may be off by a nanosecond.
 */
#include "core/base/flag_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"
#include "core/base/parse.h"

#define SECOND_NS 1000000000

/* ---- Words ---- */

bool
evprof_flag_is(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && strcmp(word, "--") != 0;
}

evprof_flag_word_t
evprof_flag_split(const char *word)
{
    const char *name = word + (word[1] == '-' ? 2 : 1);
    size_t len = strcspn(name, "=");
    return (evprof_flag_word_t){
        .name = name,
        .len = len,
        .value = name[len] == '=' ? name + len + 1 : NULL,
    };
}

bool
evprof_flag_is_called(const evprof_flag_word_t *flag, const char *name)
{
    return strlen(name) == flag->len &&
           memcmp(flag->name, name, flag->len) == 0;
}

/* ---- Values ---- */

bool
evprof_flag_bool(const char *text, bool *out)
{
    static const char *const words[] = { "1",    "t",     "T",     "TRUE",
                                         "true", "True",  "0",     "f",
                                         "F",    "FALSE", "false", "False" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i < 6;
            return true;
        }
    }
    return false;
}

int
evprof_flag_switch(const char *text, bool *out, evprof_error_t *err)
{
    static const char *const names[2][7] = {
        { "false", "f", "no", "n", "0", "off", NULL },
        { "true", "t", "yes", "y", "1", "on", "" },
    };
    for (size_t i = 0; i < 14; i++) {
        const char *name = names[i / 7][i % 7];
        if (name != NULL && strcasecmp(name, text) == 0) {
            *out = i / 7 == 1;
            return EVPROF_OK;
        }
    }
    return evprof_fail(err, EVPROF_EPARSE, "\"%s\" is neither true nor false",
                       text);
}

static int
bad_number(const char *text, const char *reason, evprof_error_t *err)
{
    return evprof_fail(err, EVPROF_EPARSE, "\"%s\" is %s", text, reason);
}

int
evprof_flag_int(const char *text, int64_t *out, evprof_error_t *err)
{
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits)) {
        return bad_number(text, "no whole number", err);
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE) {
        return bad_number(text, "too large a number", err);
    }
    *out = value;
    return EVPROF_OK;
}

int
evprof_flag_float(const char *text, double *out, evprof_error_t *err)
{
    char *end;
    double value = strtod(text, &end);
    bool starts_well =
        text[0] != '\0' && strchr(" \t\n\v\f\r", text[0]) == NULL;
    if (!starts_well || end == text || *end != '\0') {
        return bad_number(text, "no number", err);
    }
    if (isinf(value) && strpbrk(text, "iI") == NULL) {
        return bad_number(text, "too large a number", err);
    }
    *out = value;
    return EVPROF_OK;
}

/* Nanoseconds of a unit that `text` begins with, its length in `len`. */
static double
unit_ns(const char *text, size_t *len)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = { { "ns", 1 },    { "us", 1e3 }, { "\xc2\xb5s", 1e3 },
                  { "ms", 1e6 },  { "s", 1e9 },  { "m", 6e10 },
                  { "h", 3.6e12 } };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        *len = strlen(units[i].name);
        if (strncmp(text, units[i].name, *len) == 0) {
            return units[i].ns;
        }
    }
    return 0;
}

/* A Go duration: a sign, then numbers with units ("1m30.5s"), or just "0". */
bool
evprof_flag_duration(const char *text, int64_t *out_ns)
{
    bool is_negative = text[0] == '-';
    text += text[0] == '-' || text[0] == '+';
    if (strcmp(text, "0") == 0) {
        *out_ns = 0;
        return true;
    }
    double total = 0;
    do {
        char number[32];
        size_t digits = strspn(text, "0123456789.");
        if (digits == 0 || digits >= sizeof(number)) {
            return false;
        }
        memcpy(number, text, digits);
        number[digits] = '\0';
        double value;
        size_t len;
        double scale = unit_ns(text + digits, &len);
        if (!evprof_parse_double(number, &value) || scale == 0) {
            return false;
        }
        total += value * scale;
        text += digits + len;
    } while (*text != '\0');
    if (total > (double)(INT64_MAX / 2)) {
        return false;
    }
    *out_ns = (is_negative ? -1 : 1) * (int64_t)(total + 0.5);
    return true;
}

/* ---- Writing ---- */

void
evprof_flag_put_fraction(evprof_buf_t *out, uint64_t fraction, int digits)
{
    while (digits > 0 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    if (digits > 0) {
        evprof_buf_printf(out, ".%0*llu", digits, (unsigned long long)fraction);
    }
}

void
evprof_flag_put_duration(evprof_buf_t *out, int64_t ns)
{
    uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    evprof_buf_puts(out, ns < 0 ? "-" : "");
    if (left == 0) {
        evprof_buf_puts(out, "0s");
        return;
    }
    if (left < (uint64_t)SECOND_NS) {
        int digits = left < 1000 ? 0 : left < 1000000 ? 3 : 6;
        uint64_t unit = digits == 0 ? 1 : digits == 3 ? 1000 : 1000000;
        evprof_buf_printf(out, "%llu", (unsigned long long)(left / unit));
        evprof_flag_put_fraction(out, left % unit, digits);
        evprof_buf_puts(out, digits == 0   ? "ns"
                             : digits == 3 ? "\xc2\xb5s"
                                           : "ms");
        return;
    }
    uint64_t seconds = left / (uint64_t)SECOND_NS;
    if (seconds >= 3600) {
        evprof_buf_printf(out, "%lluh", (unsigned long long)(seconds / 3600));
    }
    if (seconds >= 60) {
        evprof_buf_printf(out, "%llum",
                          (unsigned long long)(seconds / 60 % 60));
    }
    evprof_buf_printf(out, "%llu", (unsigned long long)(seconds % 60));
    evprof_flag_put_fraction(out, left % (uint64_t)SECOND_NS, 9);
    evprof_buf_putc(out, 's');
}

void
evprof_flag_print_float(char out[EVPROF_FLAG_FLOAT_SIZE], double value)
{
    int digits = 1;
    for (; digits < 17; digits++) {
        snprintf(out, EVPROF_FLAG_FLOAT_SIZE, "%.*e", digits - 1, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }
    snprintf(out, EVPROF_FLAG_FLOAT_SIZE, "%.*e", digits - 1, value);
    const char *e = strchr(out, 'e');
    if (e == NULL) {
        snprintf(out, EVPROF_FLAG_FLOAT_SIZE, "%s",
                 isnan(value) ? "NaN"
                 : value > 0  ? "+Inf"
                              : "-Inf");
        return;
    }
    long exponent = strtol(e + 1, NULL, 10);
    if (exponent >= -4 && exponent < 6) {
        int decimals = digits - 1 - (int)exponent;
        snprintf(out, EVPROF_FLAG_FLOAT_SIZE, "%.*f",
                 decimals > 0 ? decimals : 0, value);
    }
}
