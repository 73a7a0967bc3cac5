/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Percent escapes as Go's net/url reads and writes them. Which characters stand
 * as they are differs by part, and is not what RFC 3986 says for each.
 */
#include "adapters/fetch/escape.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/parse.h"

/* What may stand as it is, beside letters, digits and "-_.~". */
static const char *const plain_in[] = {
    [EVPROF_URL_PATH] = "$&+,/:;=@",
    [EVPROF_URL_SEGMENT] = "$&+,:;=@",
    [EVPROF_URL_HOST] = "!$&'()*+,;=:[]<>\"",
    [EVPROF_URL_USER] = "$&+,;=",
    [EVPROF_URL_QUERY] = "",
    [EVPROF_URL_FRAGMENT] = "$&+,/:;=?@!()*",
};

static bool
is_plain(unsigned char c, enum evprof_url_part part)
{
    return c < 0x80 && c != '\0' &&
           (isalnum(c) || strchr("-_.~", c) != NULL ||
            strchr(plain_in[part], c) != NULL);
}

void
evprof_url_escape(const char *text, enum evprof_url_part part,
                  evprof_buf_t *out)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (is_plain(c, part)) {
            evprof_buf_putc(out, (char)c);
        } else if (c == ' ' && part == EVPROF_URL_QUERY) {
            evprof_buf_putc(out, '+');
        } else {
            evprof_buf_printf(out, "%%%02X", c);
        }
    }
}

bool
evprof_url_unescape(const char *text, size_t len, enum evprof_url_part part,
                    evprof_buf_t *out)
{
    bool is_host = part == EVPROF_URL_HOST;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int byte = evprof_percent_byte(text + i, len - i);
            /* A host may have no ASCII encoded but the % of its zone. */
            if (byte < 0 || (is_host && byte < 0x80 && byte != '%')) {
                return false;
            }
            c = (char)byte;
            i += 2;
        } else if (c == '+' && part == EVPROF_URL_QUERY) {
            c = ' ';
        } else if (is_host && (unsigned char)c < 0x80 &&
                   !is_plain((unsigned char)c, part)) {
            return false;
        }
        /* A NUL would end the text early. */
        if (c == '\0') {
            return false;
        }
        evprof_buf_putc(out, c);
    }
    return true;
}

/* A buffer's text as memory of the caller's; NULL: out of memory. */
static char *
text_of(evprof_buf_t *buf)
{
    evprof_buf_puts(buf, "");
    if (buf->failed) {
        evprof_buf_free(buf);
        return NULL;
    }
    return buf->data;
}

char *
evprof_url_decoded(const char *text, size_t len, enum evprof_url_part part)
{
    evprof_buf_t out = { 0 };
    if (!evprof_url_unescape(text, len, part, &out)) {
        evprof_buf_free(&out);
        return NULL;
    }
    return text_of(&out);
}

char *
evprof_url_encoded(const char *text, size_t len, enum evprof_url_part part)
{
    char *plain = evprof_url_decoded(text, len, part);
    bool is_proper = plain != NULL;
    for (size_t i = 0; i < len && is_proper; i++) {
        is_proper = is_plain((unsigned char)text[i], part) ||
                    strchr("!'()*[]%", text[i]) != NULL;
    }
    if (is_proper || plain == NULL) {
        free(plain);
        return is_proper ? strndup(text, len) : NULL;
    }
    evprof_buf_t out = { 0 };
    evprof_url_escape(plain, part, &out);
    free(plain);
    return text_of(&out);
}
