/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A browser names the host of the address bar in Host, the page that asks in
 * Origin, and how both relate in Sec-Fetch-Site; a page can change none of
 * them. Tools send no Origin, and a Host that is an address, localhost, or a
 * name that the configuration has to list.
 */
#include "core/access/origin.h"

#include <string.h>
#include <strings.h>

#include "core/access/rules.h"

/* A host and a port in a text that goes on behind them. */
typedef struct host {
    const char *name;
    size_t len;
    const char *port; /* "" where none is written */
    size_t port_len;
} host_t;

static bool
equals(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* "name", "name:port", "1.2.3.4:port" or "[::1]:port". */
static host_t
split(const char *text, size_t len)
{
    const char *end = text + len;
    const char *bracket = text[0] == '[' ? memchr(text, ']', len) : NULL;
    const char *after = bracket == NULL ? text : bracket;
    const char *colon = memchr(after, ':', (size_t)(end - after));
    host_t out = { .name = text, .len = len, .port = "" };
    if (colon != NULL) {
        out.len = (size_t)(colon - text);
        out.port = colon + 1;
        out.port_len = (size_t)(end - out.port);
    }
    if (bracket != NULL) {
        out.name = text + 1;
        out.len = (size_t)(bracket - out.name);
    }
    return out;
}

static bool
is_address(const host_t *host)
{
    char text[64];
    evprof_address_t address;
    if (host->len >= sizeof(text)) {
        return false;
    }
    memcpy(text, host->name, host->len);
    text[host->len] = '\0';
    return evprof_address_parse(text, &address);
}

static bool
is_our_name(const evprof_access_conf_t *conf, const host_t *host)
{
    for (size_t i = 0; i < conf->name_count; i++) {
        if (equals(host->name, host->len, conf->names[i])) {
            return true;
        }
    }
    return host->len == 0 || equals(host->name, host->len, "localhost") ||
           is_address(host);
}

/* Whether an Origin names the host and port that Host names. */
static bool
is_same_host(const char *origin, const host_t *host)
{
    const char *slashes = strstr(origin, "://");
    if (slashes == NULL) {
        return false;
    }
    const char *otherwise =
        equals(origin, (size_t)(slashes - origin), "https") ? "443" : "80";
    const char *start = slashes + 3;
    host_t from = split(start, strcspn(start, "/"));
    const char *from_port = from.port_len > 0 ? from.port : otherwise;
    size_t from_len = from.port_len > 0 ? from.port_len : strlen(otherwise);
    const char *port = host->port_len > 0 ? host->port : otherwise;
    size_t len = host->port_len > 0 ? host->port_len : strlen(otherwise);
    return from.len == host->len &&
           strncasecmp(from.name, host->name, host->len) == 0 &&
           from_len == len && memcmp(from_port, port, len) == 0;
}

const char *
evprof_origin_fault(const evprof_access_conf_t *conf,
                    const evprof_access_request_t *request)
{
    const char *text = request->header(request->ctx, "Host");
    const char *origin = request->header(request->ctx, "Origin");
    const char *site = request->header(request->ctx, "Sec-Fetch-Site");
    text = text == NULL ? "" : text;
    host_t host = split(text, strlen(text));
    if (!is_our_name(conf, &host)) {
        return "the Host of this request is neither an address nor localhost "
               "nor a server_name of the configuration";
    }
    if (origin != NULL && !is_same_host(origin, &host)) {
        return "a page of another origin asks for profiles";
    }
    if (site != NULL && strcasecmp(site, "none") != 0 &&
        strcasecmp(site, "same-origin") != 0) {
        return "a page of another site asks for profiles";
    }
    return NULL;
}
