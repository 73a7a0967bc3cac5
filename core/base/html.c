/* SPDX-License-Identifier: Apache-2.0 */
/* Names come from programs and from whoever wrote a profile: none is trusted.
 * The entities are those of Go's html/template. */
#include "core/base/html.h"

#include <string.h>

#include "core/base/utf8.h"

/* U+FFFE and U+FFFF are no characters to XML. */
#define NO_CHARACTER "\xef\xbf"

static const char *
entity_of(unsigned char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '\'':
        return "&#39;";
    case '"':
        return "&#34;";
    case '\t':
    case '\n':
    case '\r':
        return NULL;
    default:
        return c < 0x20 || c == 0x7f ? "\xef\xbf\xbd" : NULL;
    }
}

static void
escape(evprof_buf_t *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char *entity = entity_of((unsigned char)text[i]);
        bool is_control = len - i >= 2 && text[i] == '\xc2' &&
                          (unsigned char)text[i + 1] < 0xa0;
        bool is_none = len - i >= 3 && memcmp(text + i, NO_CHARACTER, 2) == 0 &&
                       (unsigned char)text[i + 2] >= 0xbe;
        if (is_none || is_control) {
            evprof_buf_puts(out, "\xef\xbf\xbd");
            i += is_none ? 2 : 1;
        } else if (entity != NULL) {
            evprof_buf_puts(out, entity);
        } else {
            evprof_buf_putc(out, text[i]);
        }
    }
}

void
evprof_html_escape(evprof_buf_t *out, const char *text)
{
    size_t len = strlen(text);
    if (evprof_utf8_valid(text, len)) {
        escape(out, text, len);
        return;
    }
    evprof_buf_t clean = { 0 };
    evprof_utf8_clean(&clean, text, len);
    escape(out, clean.failed ? "" : clean.data, clean.len);
    out->failed |= clean.failed;
    evprof_buf_free(&clean);
}
