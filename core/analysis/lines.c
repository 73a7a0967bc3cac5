/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over text; see the header. */
#include "core/analysis/lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/parse.h"

/* Longer than any number of 64 bits. */
#define NUMBER_SIZE 72

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

evprof_span_t
evprof_span(const char *data, size_t len)
{
    return (evprof_span_t){ data, data + len };
}

size_t
evprof_span_len(evprof_span_t s)
{
    return (size_t)(s.end - s.at);
}

bool
evprof_span_line(evprof_span_t *text, evprof_span_t *line)
{
    if (text->at >= text->end) {
        return false;
    }
    const char *newline = memchr(text->at, '\n', evprof_span_len(*text));
    const char *end = newline == NULL ? text->end : newline;
    *line = (evprof_span_t){ text->at, end };
    text->at = newline == NULL ? end : end + 1;
    if (line->end > line->at && line->end[-1] == '\r') {
        line->end--;
    }
    return true;
}

bool
evprof_span_content(evprof_span_t *text, evprof_span_t *line)
{
    while (evprof_span_line(text, line)) {
        evprof_span_t inner = evprof_span_trim(*line);
        if (inner.at < inner.end && *inner.at != '#') {
            return true;
        }
    }
    return false;
}

evprof_span_t
evprof_span_trim(evprof_span_t s)
{
    while (s.at < s.end && is_space(*s.at)) {
        s.at++;
    }
    while (s.at < s.end && is_space(s.end[-1])) {
        s.end--;
    }
    return s;
}

bool
evprof_span_starts(evprof_span_t s, const char *text)
{
    size_t len = strlen(text);
    return evprof_span_len(s) >= len && memcmp(s.at, text, len) == 0;
}

bool
evprof_span_equals(evprof_span_t s, const char *text)
{
    return evprof_span_len(s) == strlen(text) && evprof_span_starts(s, text);
}

const char *
evprof_span_find(evprof_span_t s, const char *text)
{
    return memmem(s.at, evprof_span_len(s), text, strlen(text));
}

bool
evprof_take(evprof_span_t *s, const char *text)
{
    if (!evprof_span_starts(*s, text)) {
        return false;
    }
    s->at += strlen(text);
    return true;
}

void
evprof_take_spaces(evprof_span_t *s)
{
    while (s->at < s->end && is_space(*s->at)) {
        s->at++;
    }
}

bool
evprof_take_word(evprof_span_t *s, evprof_span_t *word)
{
    const char *start = s->at;
    while (s->at < s->end && !is_space(*s->at)) {
        s->at++;
    }
    *word = (evprof_span_t){ start, s->at };
    return s->at > start;
}

bool
evprof_take_digits(evprof_span_t *s, int64_t *out)
{
    const char *at = s->at;
    int64_t value = 0;
    for (; at < s->end && isdigit((unsigned char)*at); at++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *at - '0', &value)) {
            return false;
        }
    }
    if (at == s->at) {
        return false;
    }
    s->at = at;
    *out = value;
    return true;
}

bool
evprof_take_int(evprof_span_t *s, int64_t *out)
{
    evprof_span_t rest = *s;
    bool is_negative = evprof_take(&rest, "-");
    int64_t value = 0;
    if (!evprof_take_digits(&rest, &value)) {
        return false;
    }
    *out = is_negative ? -value : value;
    *s = rest;
    return true;
}

bool
evprof_take_hex(evprof_span_t *s, uint64_t *out)
{
    const char *at = s->at;
    uint64_t value = 0;
    int digit;
    for (; at < s->end && (digit = evprof_hex_digit(*at)) >= 0; at++) {
        if (value >> 60 != 0) {
            return false;
        }
        value = value << 4 | (unsigned)digit;
    }
    if (at == s->at) {
        return false;
    }
    s->at = at;
    *out = value;
    return true;
}

bool
evprof_span_number(evprof_span_t s, int64_t *out)
{
    char text[NUMBER_SIZE];
    size_t len = evprof_span_len(s);
    if (len == 0 || len >= sizeof(text) || is_space(*s.at)) {
        return false;
    }
    memcpy(text, s.at, len);
    text[len] = '\0';
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 0);
    if (errno != 0 || end != text + len) {
        return false;
    }
    *out = value;
    return true;
}

int
evprof_take_address(evprof_span_t *s, uint64_t *out)
{
    const char *found;
    while ((found = evprof_span_find(*s, "0x")) != NULL) {
        s->at = found + 2;
        if (s->at < s->end && isxdigit((unsigned char)*s->at)) {
            return evprof_take_hex(s, out) ? 1 : -1;
        }
    }
    s->at = s->end;
    return 0;
}
