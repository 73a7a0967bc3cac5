/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a listening address, which is checked where it is written, long
 * before anybody binds it.
 */
#include "core/base/address.h"

#include <string.h>

#include "core/base/parse.h"

static bool
copy(char *out, size_t size, const char *text, size_t len)
{
    if (len >= size) {
        return false;
    }
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

static const char *
parse_unix(const char *path, evprof_listen_address_t *out)
{
    out->is_unix = true;
    if (path[0] == '\0') {
        return "has no path after unix:";
    }
    return copy(out->host, sizeof(out->host), path, strlen(path))
               ? NULL
               : "has too long a path";
}

static const char *
parse_port(const char *text, evprof_listen_address_t *out)
{
    uint64_t port;
    if (text[0] < '0' || text[0] > '9' || !evprof_parse_uint64(text, &port) ||
        port > 65535 ||
        !copy(out->port, sizeof(out->port), text, strlen(text))) {
        return "has no port between 0 and 65535";
    }
    return NULL;
}

static const char *
parse_host(const char *text, size_t len, evprof_listen_address_t *out)
{
    bool has_brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (has_brackets) {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return "needs brackets around its IPv6 address, as [::1]:6060";
    }
    if (len == 0 || !copy(out->host, sizeof(out->host), text, len)) {
        return "has no address before its port, as 127.0.0.1:6060";
    }
    return NULL;
}

const char *
evprof_listen_address_parse(const char *text, evprof_listen_address_t *out)
{
    *out = (evprof_listen_address_t){ .is_unix = false };
    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(text + 5, out);
    }
    const char *colon = strrchr(text, ':');
    if (colon == NULL) {
        return "has no port, as 127.0.0.1:6060";
    }
    const char *fault = parse_host(text, (size_t)(colon - text), out);
    return fault != NULL ? fault : parse_port(colon + 1, out);
}
