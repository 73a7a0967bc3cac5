/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/visible.h"

#include <stdint.h>
#include <string.h>

#include "core/base/utf8.h"

/* Characters, first and last, that are shown as escapes: of control, of the
 * direction of writing, ends of lines and paragraphs. */
static const struct range {
    uint32_t first;
    uint32_t last;
} hidden[] = {
    { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x061c, 0x061c },
    { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
};

static bool
is_hidden(uint32_t c)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (c >= hidden[i].first && c <= hidden[i].last) {
            return true;
        }
    }
    return false;
}

/* The character of a valid sequence of `len` bytes. */
static uint32_t
decode(const char *text, size_t len)
{
    static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    const unsigned char *s = (const unsigned char *)text;
    uint32_t c = s[0] & masks[len];
    for (size_t i = 1; i < len; i++) {
        c = c << 6 | (s[i] & 0x3f);
    }
    return c;
}

/* Printable ASCII, of which nearly all text is. */
static bool
is_plain(char c)
{
    return c >= 0x20 && c < 0x7f;
}

bool
evprof_visible_is(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (is_plain(text[i])) {
            i++;
            continue;
        }
        size_t n = evprof_utf8_sequence(text + i, len - i);
        if (n == 0 || is_hidden(decode(text + i, n))) {
            return false;
        }
        i += n;
    }
    return true;
}

static void
add_escape(evprof_buf_t *out, uint32_t c)
{
    static const char named[] = "\n\r\t";
    static const char letters[] = "nrt";
    const char *at = c != 0 && c < 0x80 ? strchr(named, (int)c) : NULL;
    if (at != NULL) {
        evprof_buf_printf(out, "\\%c", letters[at - named]);
    } else {
        evprof_buf_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
    }
}

void
evprof_visible_add(evprof_buf_t *out, const char *text, size_t len,
                   const char *kept)
{
    for (size_t i = 0; i < len;) {
        size_t n = evprof_utf8_sequence(text + i, len - i);
        bool is_kept = text[i] != '\0' && strchr(kept, text[i]) != NULL;
        if (is_plain(text[i]) || is_kept) {
            evprof_buf_putc(out, text[i]);
            n = 1;
        } else if (len - i >= 2 && memcmp(text + i, EVPROF_UTF8_NUL, 2) == 0) {
            evprof_buf_puts(out, "\\x00");
            n = 2;
        } else if (n == 0) {
            evprof_buf_printf(out, "\\x%02x", (unsigned char)text[i]);
            n = 1;
        } else if (is_hidden(decode(text + i, n))) {
            add_escape(out, decode(text + i, n));
        } else {
            evprof_buf_add(out, text + i, n);
        }
        i += n;
    }
}
