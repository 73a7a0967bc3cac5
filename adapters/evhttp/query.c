/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a query. libevent's parser rejects the whole query at the first
 * pair without "=", where Go's parser skips the pair. Clients are written
 * against Go's.
 */
#include "adapters/evhttp/query.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/base/parse.h"

/* Decodes %XX and "+"; false: a malformed escape, a NUL, or a text too long. */
static bool
decode(const char *text, size_t len, char out[EVPROF_QUERY_VALUE_MAX])
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        int c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            c = evprof_percent_byte(text + i, len - i);
            if (c < 0) {
                return false;
            }
            i += 2;
        }
        if (c == '\0' || at + 1 == EVPROF_QUERY_VALUE_MAX) {
            return false;
        }
        out[at++] = (char)c;
    }
    out[at] = '\0';
    return true;
}

/* Decodes the pair at `text`; false: malformed, or not of `key`. */
static bool
read_pair(const char *text, size_t len, const char *key,
          char out[EVPROF_QUERY_VALUE_MAX])
{
    char name[EVPROF_QUERY_VALUE_MAX];
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    if (memchr(text, ';', len) != NULL || !decode(text, name_len, name) ||
        strcmp(name, key) != 0) {
        return false;
    }
    size_t skip = equals != NULL ? name_len + 1 : len;
    return decode(text + skip, len - skip, out);
}

void
evprof_query_get(const char *query, const char *key,
                 char out[EVPROF_QUERY_VALUE_MAX])
{
    const char *at = query != NULL ? query : "";
    while (*at != '\0') {
        size_t len = strcspn(at, "&");
        char value[EVPROF_QUERY_VALUE_MAX];
        if (read_pair(at, len, key, value)) {
            memcpy(out, value, strlen(value) + 1);
            return;
        }
        at += len;
        at += *at == '&';
    }
    out[0] = '\0';
}

int64_t
evprof_query_int(const char *query, const char *key, int64_t otherwise)
{
    char text[EVPROF_QUERY_VALUE_MAX];
    int64_t value;
    evprof_query_get(query, key, text);
    return evprof_parse_int64(text, &value) ? value : otherwise;
}

double
evprof_query_number(const char *query, const char *key, double otherwise)
{
    char text[EVPROF_QUERY_VALUE_MAX];
    double value;
    evprof_query_get(query, key, text);
    return evprof_parse_double(text, &value) && isfinite(value) ? value
                                                                : otherwise;
}
