/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 by the table of well-formed byte sequences of the Unicode standard
 * (chapter 3, table 3-7): only the second byte's range depends on the first.
 */
#include "core/base/utf8.h"

#include <string.h>

static bool
is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Length of the valid sequence at `s`, or 0. */
static size_t
sequence_length(const unsigned char *s, size_t len)
{
    unsigned char c = s[0];
    if (c < 0x80) {
        return 1;
    }
    size_t want = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (want == 0 || len < want) {
        return 0;
    }
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < want; i++) {
        if (!is_continuation(s[i])) {
            return 0;
        }
    }
    return want;
}

size_t
evprof_utf8_sequence(const char *text, size_t len)
{
    return sequence_length((const unsigned char *)text, len);
}

bool
evprof_utf8_valid(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n;
    for (size_t i = 0; i < len; i += n) {
        n = sequence_length(s + i, len - i);
        if (n == 0) {
            return false;
        }
    }
    return true;
}

static bool
is_hidden_nul(const unsigned char *s, size_t len)
{
    return len >= 2 && memcmp(s, EVPROF_UTF8_NUL, 2) == 0;
}

void
evprof_utf8_clean(evprof_buf_t *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        size_t n = sequence_length(s + i, len - i);
        if (n > 0) {
            evprof_buf_add(out, text + i, n);
            i += n;
        } else if (is_hidden_nul(s + i, len - i)) {
            evprof_buf_putc(out, '\0');
            i += 2;
        } else {
            evprof_buf_add(out, "\xef\xbf\xbd", 3);
            i++;
        }
    }
}

void
evprof_utf8_hide_nul(evprof_buf_t *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0') {
            evprof_buf_add(out, EVPROF_UTF8_NUL, 2);
        } else {
            evprof_buf_putc(out, text[i]);
        }
    }
}

void
evprof_utf8_show_nul(char *text, size_t *len)
{
    size_t kept = 0;
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < *len; i++, kept++) {
        bool is_nul = is_hidden_nul(s + i, *len - i);
        text[kept] = is_nul ? '\0' : text[i];
        i += is_nul;
    }
    *len = kept;
}

size_t
evprof_utf8_count(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t len = strlen(text);
    size_t count = 0;
    for (size_t i = 0; i < len; count++) {
        size_t n = sequence_length(s + i, len - i);
        i += n == 0 ? 1 : n;
    }
    return count;
}

static void
add_spaces(evprof_buf_t *out, size_t count)
{
    while (count-- > 0) {
        evprof_buf_putc(out, ' ');
    }
}

void
evprof_utf8_pad_left(evprof_buf_t *out, const char *text, size_t width)
{
    size_t count = evprof_utf8_count(text);
    add_spaces(out, count < width ? width - count : 0);
    evprof_buf_puts(out, text);
}

void
evprof_utf8_pad_right(evprof_buf_t *out, const char *text, size_t width)
{
    size_t count = evprof_utf8_count(text);
    evprof_buf_puts(out, text);
    add_spaces(out, count < width ? width - count : 0);
}

static void
quote_byte(evprof_buf_t *out, unsigned char c)
{
    static const char from[] = "\a\b\f\n\r\t\v\\\"";
    static const char to[] = "abfnrtv\\\"";
    const char *special = strchr(from, c);
    if (special != NULL) {
        evprof_buf_putc(out, '\\');
        evprof_buf_putc(out, to[special - from]);
    } else if (c < 0x20 || c >= 0x7f) {
        evprof_buf_printf(out, "\\x%02x", c);
    } else {
        evprof_buf_putc(out, (char)c);
    }
}

void
evprof_utf8_quote(evprof_buf_t *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t len = strlen(text);
    evprof_buf_putc(out, '"');
    for (size_t i = 0; i < len;) {
        size_t n = sequence_length(s + i, len - i);
        if (n > 1) {
            evprof_buf_add(out, text + i, n);
            i += n;
        } else {
            quote_byte(out, s[i++]);
        }
    }
    evprof_buf_putc(out, '"');
}
