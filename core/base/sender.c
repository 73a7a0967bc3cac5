/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host and Origin are compared as host and port. A port that is not written is
 * that of the scheme. Where the server's scheme is unknown, Origin's is taken
 * for both, since the page and the request then have the same one.
 */
#include "core/base/sender.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* A host and a port, as parts of a longer text. */
typedef struct host {
    const char *name; /* without brackets */
    size_t len;
    const char *port; /* "" where none is written */
    size_t port_len;
} host_t;

static bool
equals(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* Reads "name", "name:port", "1.2.3.4:port" or "[::1]:port". False: something
 * else follows the brackets. */
static bool
split(const char *text, size_t len, host_t *out)
{
    const char *end = text + len;
    const char *bracket =
        len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;
    const char *after = bracket == NULL ? text : bracket + 1;
    const char *colon = memchr(after, ':', (size_t)(end - after));
    *out = (host_t){ .name = text, .len = len, .port = "" };
    if (colon != NULL) {
        out->len = (size_t)(colon - text);
        out->port = colon + 1;
        out->port_len = (size_t)(end - out->port);
    }
    if (bracket != NULL) {
        out->name = text + 1;
        out->len = (size_t)(bracket - out->name);
        return (colon == NULL ? end : colon) == after;
    }
    return true;
}

static bool
is_address(const host_t *host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address; /* has room for both kinds */
    if (host->len >= sizeof(text)) {
        return false;
    }
    memcpy(text, host->name, host->len);
    text[host->len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 ||
           inet_pton(AF_INET6, text, &address) == 1;
}

/* The host with the port of the scheme where none is written. */
static host_t
with_port(host_t host, const char *scheme, size_t scheme_len)
{
    if (host.port_len == 0) {
        host.port = equals(scheme, scheme_len, "https") ? "443" : "80";
        host.port_len = strlen(host.port);
    }
    return host;
}

/* Whether Host's port is the one that the server has. */
static bool
has_port(const evprof_own_names_t *site, const host_t *host)
{
    const char *scheme = site->scheme == NULL ? "" : site->scheme;
    const host_t whole = with_port(*host, scheme, strlen(scheme));
    unsigned long port = 0;
    for (size_t i = 0; i < whole.port_len; i++) {
        char digit = whole.port[i];
        if (digit < '0' || digit > '9' || port > 65535) {
            return false;
        }
        port = port * 10 + (unsigned long)(digit - '0');
    }
    return port == site->port;
}

static bool
is_name_of(const evprof_own_names_t *site, const host_t *host)
{
    static const char *const always[] = { "localhost", "127.0.0.1", "::1" };
    if (site->port != 0 && !has_port(site, host)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (equals(host->name, host->len, always[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < site->name_count; i++) {
        if (equals(host->name, host->len, site->names[i])) {
            return true;
        }
    }
    return site->takes_addresses && is_address(host);
}

/* Whether an Origin names the host and port that Host names. */
static bool
is_same_origin(const char *origin, const char *scheme, const host_t *host)
{
    const char *slashes = strstr(origin, "://");
    host_t from;
    if (slashes == NULL) {
        return false;
    }
    size_t scheme_len = (size_t)(slashes - origin);
    const char *start = slashes + 3;
    if ((scheme != NULL && !equals(origin, scheme_len, scheme)) ||
        !split(start, strcspn(start, "/"), &from)) {
        return false;
    }
    from = with_port(from, origin, scheme_len);
    const host_t own = with_port(*host, origin, scheme_len);
    return from.len == own.len &&
           strncasecmp(from.name, own.name, own.len) == 0 &&
           from.port_len == own.port_len &&
           memcmp(from.port, own.port, own.port_len) == 0;
}

enum evprof_sender
evprof_sender_of(const evprof_own_names_t *site, const evprof_sent_t *sent)
{
    const char *text = sent->host == NULL ? "" : sent->host;
    const char *scheme = site == NULL ? NULL : site->scheme;
    host_t host;
    bool is_whole = split(text, strlen(text), &host);
    if (site != NULL && text[0] != '\0' &&
        (!is_whole || !is_name_of(site, &host))) {
        return EVPROF_SENDER_OTHER_NAME;
    }
    if (sent->origin != NULL &&
        (!is_whole || !is_same_origin(sent->origin, scheme, &host))) {
        return EVPROF_SENDER_OTHER_ORIGIN;
    }
    if (sent->fetch_site != NULL && !sent->is_link &&
        strcasecmp(sent->fetch_site, "none") != 0 &&
        strcasecmp(sent->fetch_site, "same-origin") != 0) {
        return EVPROF_SENDER_OTHER_SITE;
    }
    return EVPROF_SENDER_OURS;
}
