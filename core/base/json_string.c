/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON needs no library, only strings that are escaped. */
#include <string.h>

#include "core/base/json.h"
#include "core/base/utf8.h"

static void
escape(evprof_buf_t *out, unsigned char c)
{
    if (c == '"' || c == '\\') {
        evprof_buf_putc(out, '\\');
        evprof_buf_putc(out, (char)c);
    } else if (c == '\n') {
        evprof_buf_puts(out, "\\n");
    } else if (c < 0x20 || c == '<' || c == 0x7f) {
        evprof_buf_printf(out, "\\u%04x", c);
    } else {
        evprof_buf_putc(out, (char)c);
    }
}

void
evprof_json_string(evprof_buf_t *out, const char *text)
{
    size_t len = strlen(text);
    evprof_buf_t clean = { 0 };
    if (!evprof_utf8_valid(text, len)) {
        evprof_utf8_clean(&clean, text, len);
        text = clean.failed ? "" : clean.data;
        len = clean.len;
        out->failed |= clean.failed;
    }
    evprof_buf_putc(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char next = i + 1 < len ? (unsigned char)text[i + 1] : 0;
        if (text[i] == '\xc2' && next >= 0x80 && next < 0xa0) {
            evprof_buf_printf(out, "\\u%04x", next); /* no part of HTML */
            i++;
        } else {
            escape(out, (unsigned char)text[i]);
        }
    }
    evprof_buf_putc(out, '"');
    evprof_buf_free(&clean);
}

void
evprof_json_member(evprof_buf_t *out, const char *key, const char *text)
{
    evprof_buf_printf(out, "\"%s\":", key);
    evprof_json_string(out, text);
}
