/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as Go's net/url reads and prints them, since that decides which
 * sources of pprof are addresses, what is asked of servers, and what scripts
 * find in messages. libcurl's own reader is stricter in places and tidies paths
 * that some servers want as they are. Nothing here needs libcurl: the tool asks
 * before it loads it.
 */
#include "adapters/fetch/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/fetch/escape.h"
#include "core/base/scheme.h"

/* The length of "scheme" in "scheme:...", 0: there is none, -1: it is empty. */
static long
scheme_length(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool may_follow =
            isdigit((unsigned char)*c) || strchr("+-.", *c) != NULL;
        if (*c == ':') {
            return c == text ? -1 : c - text;
        }
        if (!isalpha((unsigned char)*c) && (c == text || !may_follow)) {
            return 0;
        }
    }
    return 0;
}

static bool
is_port(const char *text, size_t len)
{
    if (len > 0 && text[0] != ':') {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

static char *
parse_host(const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    if (len > 0 && text[0] == '[') {
        const char *end = memrchr(text, ']', len);
        if (end == NULL) {
            return NULL;
        }
        colon = end + 1;
    }
    return colon == NULL || is_port(colon, (size_t)(text + len - colon))
               ? evprof_url_decoded(text, len, EVPROF_URL_HOST)
               : NULL;
}

static bool
parse_user(const char *text, size_t len, evprof_url_t *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80 ||
            (!isalnum(c) && strchr("-._:~!$&'()*+,;=%@", c) == NULL)) {
            return false;
        }
    }
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon == NULL ? len : (size_t)(colon - text);
    out->user = evprof_url_decoded(text, user_len, EVPROF_URL_USER);
    if (colon != NULL) {
        out->password =
            evprof_url_decoded(colon + 1, len - user_len - 1, EVPROF_URL_USER);
    }
    return out->user != NULL && (colon == NULL || out->password != NULL);
}

static bool
parse_authority(const char *text, size_t len, evprof_url_t *out)
{
    const char *at = memrchr(text, '@', len);
    const char *host = at == NULL ? text : at + 1;
    if (at != NULL && !parse_user(text, (size_t)(at - text), out)) {
        return false;
    }
    out->host = parse_host(host, (size_t)(text + len - host));
    return out->host != NULL;
}

/* What stands before the query: scheme, user, host and path. */
static bool
parse_rest(const char *text, size_t len, evprof_url_t *out)
{
    long scheme_len = scheme_length(text);
    if (scheme_len < 0 || (scheme_len > 0 && (size_t)scheme_len >= len)) {
        return false;
    }
    out->scheme = strndup(text, (size_t)scheme_len);
    for (char *c = out->scheme; c != NULL && *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    size_t skip = scheme_len == 0 ? 0 : (size_t)scheme_len + 1;
    text += skip;
    len -= skip;
    bool is_rooted = len > 0 && text[0] == '/';
    const char *slash = memchr(text, '/', len);
    size_t first = slash == NULL ? len : (size_t)(slash - text);
    if (!is_rooted && skip == 0 && memchr(text, ':', first) != NULL) {
        return false;
    }
    bool has_host = len > 1 && memcmp(text, "//", 2) == 0 &&
                    (skip > 0 || len < 3 || text[2] != '/');
    if (has_host) {
        const char *end = memchr(text + 2, '/', len - 2);
        size_t host_len = end == NULL ? len - 2 : (size_t)(end - text) - 2;
        if (!parse_authority(text + 2, host_len, out)) {
            return false;
        }
        text += 2 + host_len;
        len -= 2 + host_len;
    } else {
        out->host = strdup("");
    }
    out->path = evprof_url_encoded(text, len, EVPROF_URL_PATH);
    return out->scheme != NULL && out->host != NULL && out->path != NULL;
}

static bool
parse(const char *text, evprof_url_t *out)
{
    *out = (evprof_url_t){ 0 };
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return false;
        }
    }
    size_t len = strcspn(text, "#");
    const char *fragment = text[len] == '#' ? text + len + 1 : "";
    const char *mark = memchr(text, '?', len);
    size_t rest = mark == NULL ? len : (size_t)(mark - text);
    out->has_query = mark != NULL;
    out->query = mark == NULL ? strdup("") : strndup(mark + 1, len - rest - 1);
    out->fragment =
        evprof_url_encoded(fragment, strlen(fragment), EVPROF_URL_FRAGMENT);
    return out->query != NULL && out->fragment != NULL &&
           parse_rest(text, rest, out);
}

int
evprof_url_parse(const char *text, evprof_url_t *out)
{
    if (parse(text, out)) {
        return EVPROF_OK;
    }
    evprof_url_free(out);
    return EVPROF_EINVAL;
}

/* With "http://" before it: "host:port/path" looks like a scheme at first. */
static int
parse_short(const char *source, evprof_url_t *out)
{
    evprof_buf_t longer = { 0 };
    evprof_buf_printf(&longer, "http://%s", source);
    int status = evprof_url_parse(longer.failed ? ":" : longer.data, out);
    evprof_buf_free(&longer);
    return status;
}

int
evprof_url_of_source(const char *source, evprof_url_t *out)
{
    int status = evprof_url_parse(source, out);
    bool is_short = status != EVPROF_OK ||
                    (out->host[0] == '\0' && out->scheme[0] != '\0' &&
                     strcmp(out->scheme, "file") != 0);
    if (is_short) {
        evprof_url_free(out);
        status = parse_short(source, out);
    }
    if (status == EVPROF_OK && out->host[0] == '\0') {
        evprof_url_free(out);
        status = EVPROF_EINVAL;
    }
    return status;
}

/* ---- References ---- */

/* Appends `path` without its "." and "..", which servers need not know. */
static void
add_without_dots(const char *path, evprof_buf_t *out)
{
    bool is_last = path[0] == '\0';
    path += path[0] == '/';
    while (!is_last) {
        size_t len = strcspn(path, "/");
        bool is_dot = len == 1 && path[0] == '.';
        bool is_up = len == 2 && memcmp(path, "..", 2) == 0;
        is_last = path[len] == '\0';
        while (is_up && out->len > 0 && out->data[--out->len] != '/') {
        }
        if (is_last || (!is_dot && !is_up)) {
            evprof_buf_putc(out, '/');
        }
        if (!is_dot && !is_up) {
            evprof_buf_add(out, path, len);
        }
        path += len + 1;
    }
    evprof_buf_puts(out, "");
}

/* Replaces `*path` by what it means beside `base`. */
static bool
resolve_path(const char *base, char **path)
{
    const char *slash = strrchr(base, '/');
    size_t kept = (*path)[0] == '/'    ? 0
                  : (*path)[0] == '\0' ? strlen(base)
                  : slash == NULL      ? 0
                                       : (size_t)(slash + 1 - base);
    evprof_buf_t whole = { 0 };
    evprof_buf_t out = { 0 };
    evprof_buf_add(&whole, base, kept);
    evprof_buf_puts(&whole, *path);
    add_without_dots(whole.failed ? "" : whole.data, &out);
    bool is_done = !whole.failed && !out.failed;
    evprof_buf_free(&whole);
    if (!is_done) {
        evprof_buf_free(&out);
        return false;
    }
    free(*path);
    *path = out.data;
    return true;
}

/* Encodes what servers leave bare in the query of a reference, and what no
 * request may hold. */
static bool
clean_query(char **query)
{
    evprof_buf_t out = { 0 };
    evprof_buf_puts(&out, "");
    for (const char *c = *query; *c != '\0'; c++) {
        if (*c > ' ' && *c < 0x7f) {
            evprof_buf_putc(&out, *c);
        } else {
            evprof_buf_printf(&out, "%%%02X", (unsigned char)*c);
        }
    }
    if (out.failed) {
        evprof_buf_free(&out);
        return false;
    }
    free(*query);
    *query = out.data;
    return true;
}

/* Takes from `base` what comes before the first part that `out` has. */
static bool
inherit(const evprof_url_t *base, evprof_url_t *out)
{
    bool has_authority = out->scheme[0] != '\0' || out->host[0] != '\0';
    if (out->scheme[0] == '\0') {
        free(out->scheme);
        out->scheme = strdup(base->scheme);
    }
    if (has_authority) {
        return out->scheme != NULL && resolve_path("", &out->path);
    }
    if (out->path[0] == '\0' && !out->has_query) {
        free(out->query);
        out->query = strdup(base->query);
        out->has_query = base->has_query;
    }
    free(out->host);
    out->host = strdup(base->host);
    return out->scheme != NULL && out->query != NULL && out->host != NULL &&
           resolve_path(base->path, &out->path);
}

int
evprof_url_resolve(const evprof_url_t *base, const char *reference,
                   evprof_url_t *out)
{
    int status = evprof_url_parse(reference, out);
    if (status == EVPROF_OK &&
        (!inherit(base, out) || !clean_query(&out->query))) {
        evprof_url_free(out);
        status = EVPROF_EINVAL;
    }
    return status;
}

/* ---- What is wrong with an address ---- */

/* The host and port of an address of the web; NULL: it is no such address. */
static const char *
web_host(const char *source, size_t *len)
{
    size_t skip = 0;
    enum evprof_scheme scheme = evprof_scheme_of(source, &skip);
    if (scheme == EVPROF_SCHEME_NONE || scheme == EVPROF_SCHEME_UNIX) {
        return NULL;
    }
    const char *host = source + skip;
    *len = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', *len);
    *len -= at == NULL ? 0 : (size_t)(at + 1 - host);
    return at == NULL ? host : at + 1;
}

const char *
evprof_url_fault(const char *source)
{
    size_t len = 0;
    const char *host = web_host(source, &len);
    evprof_url_t url;
    if (host == NULL) {
        return NULL;
    }
    if (evprof_url_parse(source, &url) == EVPROF_OK) {
        bool has_host = url.host[0] != '\0';
        evprof_url_free(&url);
        return has_host ? NULL : "the address names no host";
    }
    const char *end = memrchr(host, ']', len);
    const char *colon =
        memchr(end == NULL ? host : end, ':',
               (size_t)(host + len - (end == NULL ? host : end)));
    if (len > 0 && host[0] == '[' && end == NULL) {
        return "the [ of its host is never closed by ]";
    }
    if (colon != NULL && !is_port(colon, (size_t)(host + len - colon))) {
        return "its port is no number";
    }
    char *plain = evprof_url_decoded(host, len, EVPROF_URL_HOST);
    const char *fault = plain == NULL ? "its host has a character that hosts "
                                        "cannot have"
                                      : "it has a character that must be "
                                        "written as % and two hex digits";
    free(plain);
    return fault;
}

/* ---- Writing ---- */

void
evprof_url_print(const evprof_url_t *url, evprof_buf_t *out)
{
    evprof_buf_printf(out, "%s%s//", url->scheme,
                      url->scheme[0] == '\0' ? "" : ":");
    if (url->user != NULL) {
        evprof_url_escape(url->user, EVPROF_URL_USER, out);
        evprof_buf_puts(out, url->password == NULL ? "@" : ":xxxxx@");
    }
    evprof_url_escape(url->host, EVPROF_URL_HOST, out);
    evprof_buf_puts(out, url->path);
    evprof_buf_printf(out, "%s%s", url->has_query ? "?" : "", url->query);
    evprof_buf_printf(out, "%s%s", url->fragment[0] == '\0' ? "" : "#",
                      url->fragment);
}

void
evprof_url_of_socket(const char *path, const char *leaf, evprof_buf_t *out)
{
    evprof_buf_printf(out, "%s://", evprof_scheme_name(EVPROF_SCHEME_UNIX));
    evprof_url_escape(path, EVPROF_URL_SEGMENT, out);
    evprof_buf_puts(out, leaf);
}

const char *
evprof_url_password(const char *text, size_t *len)
{
    const char *start = strstr(text, "://");
    start = start == NULL ? text : start + 3;
    /* The last @ ends the user information: passwords may hold others. */
    const char *at = memrchr(start, '@', strcspn(start, "/?#"));
    const char *colon =
        at == NULL ? NULL : memchr(start, ':', (size_t)(at - start));
    if (colon == NULL) {
        return NULL;
    }
    *len = (size_t)(at - colon - 1);
    return colon + 1;
}

char *
evprof_url_redact(const char *text)
{
    size_t len = 0;
    const char *password = evprof_url_password(text, &len);
    evprof_buf_t out = { 0 };
    if (password == NULL) {
        evprof_buf_puts(&out, text);
    } else {
        evprof_buf_add(&out, text, (size_t)(password - text));
        evprof_buf_printf(&out, "xxxxx%s", password + len);
    }
    return out.data;
}

void
evprof_url_free(evprof_url_t *url)
{
    if (url->password != NULL) {
        explicit_bzero(url->password, strlen(url->password));
    }
    char **const texts[] = { &url->scheme,  &url->user, &url->password,
                             &url->host,    &url->path, &url->query,
                             &url->fragment };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
}
