/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/web/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The length of the host in "host:port"; the port is 80 where none is. */
static size_t
split_host(const char *text, unsigned long *port)
{
    size_t len = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":");
    if (len > strlen(text)) {
        len = strlen(text);
    }
    *port = 80;
    if (text[len] == ':') {
        char *end;
        *port = strtoul(text + len + 1, &end, 10);
        if (end == text + len + 1 || *end != '\0') {
            *port = 0;
        }
    } else if (text[len] != '\0') {
        *port = 0;
    }
    return len;
}

static bool
is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* A numeric address has no name that DNS could point elsewhere. */
static bool
is_numeric(const char *text, size_t len)
{
    return len > 0 && (text[0] == '[' || strspn(text, "0123456789.") >= len);
}

static bool
is_our_host(const evprof_guard_t *guard, const char *text)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
    unsigned long port;
    size_t len = split_host(text, &port);
    if (port != guard->port) {
        return false;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is_word(text, len, names[i])) {
            return true;
        }
    }
    if (guard->host[0] != '\0' && is_word(text, len, guard->host)) {
        return true;
    }
    return !guard->is_loopback && is_numeric(text, len);
}

bool
evprof_guard_allows(const evprof_guard_t *guard,
                    const evprof_guarded_t *request)
{
    static const char scheme[] = "http://";
    if (request->host == NULL || !is_our_host(guard, request->host)) {
        return false;
    }
    if (request->origin != NULL) {
        return strncmp(request->origin, scheme, sizeof(scheme) - 1) == 0 &&
               strcmp(request->origin + sizeof(scheme) - 1, request->host) == 0;
    }
    /* A link from elsewhere may lead to a page, but nothing may be taken from
     * it into another page. */
    bool is_foreign = request->fetch_site != NULL &&
                      strcmp(request->fetch_site, "same-origin") != 0 &&
                      strcmp(request->fetch_site, "none") != 0;
    return !is_foreign || request->is_navigation;
}

bool
evprof_guard_is_token(const evprof_guard_t *guard, const char *text, size_t len)
{
    size_t wanted = strlen(guard->token);
    unsigned char difference = len == wanted ? 0 : 1;
    for (size_t i = 0; i < wanted && i < len; i++) {
        difference |= (unsigned char)(text[i] ^ guard->token[i]);
    }
    return difference == 0;
}

bool
evprof_guard_knows(const evprof_guard_t *guard, const evprof_guarded_t *request)
{
    static const char name[] = EVPROF_WEB_COOKIE "=";
    if (guard->is_loopback) {
        return true;
    }
    const char *at = request->cookie != NULL ? request->cookie : "";
    while (*at != '\0') {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";");
        if (strncmp(at, name, sizeof(name) - 1) == 0 &&
            evprof_guard_is_token(guard, at + sizeof(name) - 1,
                                  len - (sizeof(name) - 1))) {
            return true;
        }
        at += len;
    }
    return false;
}
