/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources become addresses by the rules of `go tool pprof`. Credentials are
 * taken out of the URL at once, so that nothing that prints an address, follows
 * a redirect or reports an error can carry them along.
 */
#include "adapters/fetch/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adapters/fetch/address.h"
#include "adapters/fetch/seconds.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/parse.h"

#define CPU_PROFILE "/debug/pprof/profile"
#define DEFAULT_TIMEOUT_S 60

/* A part of the URL as memory of our own, or NULL when it has none. */
static char *
part(CURLU *u, CURLUPart what, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(u, what, &text, flags) != CURLUE_OK) {
        return NULL;
    }
    char *copy = strdup(text);
    curl_free(text);
    return copy;
}

/* ---- Sources ---- */

static bool
is_bare_path(const char *path)
{
    return path[0] == '\0' || strcmp(path, "/") == 0;
}

/* Host and port apart; no host, as in ":6060", is this machine. */
static void
take_host(const evprof_source_url_t *a, evprof_target_t *out)
{
    const char *colon = strrchr(a->host, ':');
    if (colon != NULL && strchr(colon, ']') != NULL) {
        colon = NULL;
    }
    size_t len = colon == NULL ? strlen(a->host) : (size_t)(colon - a->host);
    bool is_bracketed = len > 1 && a->host[0] == '[';
    int64_t port = out->is_tls ? 443 : 80;
    if (colon != NULL && colon[1] != '\0' &&
        !evprof_parse_int64(colon + 1, &port)) {
        port = INT32_MAX;
    }
    out->port = port > INT32_MAX ? INT32_MAX : (int)port;
    out->host = len == 0 ? strdup("localhost")
                         : strndup(a->host + is_bracketed,
                                   len - 2 * (size_t)is_bracketed);
}

/* What libcurl gets: no credentials, no fragment. */
static void
build_url(const evprof_source_url_t *a, evprof_target_t *out)
{
    evprof_buf_t origin = { 0 };
    evprof_buf_t url = { 0 };
    bool is_v6 = out->host != NULL && strchr(out->host, ':') != NULL;
    if (out->host == NULL) {
        return;
    }
    evprof_buf_printf(&origin, "%s://%s", out->is_tls ? "https" : "http",
                      is_v6 ? "[" : "");
    evprof_host_escape(out->host, &origin);
    evprof_buf_puts(&origin, is_v6 ? "]" : "");
    evprof_buf_puts(&url, origin.failed ? "" : origin.data);
    if (out->port != (out->is_tls ? 443 : 80)) {
        evprof_buf_printf(&url, ":%d", out->port);
    }
    evprof_buf_printf(&origin, ":%d", out->port);
    evprof_buf_printf(&url, "%s%s%s%s", a->path[0] == '/' ? "" : "/", a->path,
                      a->has_query ? "?" : "", a->query);
    out->origin = origin.data;
    out->url = url.failed ? NULL : url.data;
}

static int
fill_from_address(evprof_source_url_t *a, int64_t seconds, int64_t timeout_s,
                  evprof_target_t *out)
{
    if (is_bare_path(a->path)) {
        free(a->path);
        a->path = strdup(CPU_PROFILE);
    }
    if (a->path == NULL || evprof_address_apply_seconds(
                               a, seconds, &out->duration_s) != EVPROF_OK) {
        return EVPROF_ENOMEM;
    }
    out->timeout_s = timeout_s > 0 ? timeout_s
                     : out->duration_s > 0
                         ? out->duration_s + out->duration_s / 2
                         : DEFAULT_TIMEOUT_S;
    out->is_insecure = strcmp(a->scheme, "https+insecure") == 0;
    out->is_tls = out->is_insecure || strcmp(a->scheme, "https") == 0;
    take_host(a, out);
    build_url(a, out);
    evprof_buf_t shown = { 0 };
    evprof_source_url_print(a, &shown);
    out->shown = shown.data;
    out->scheme = a->scheme;
    out->user = a->user;
    out->password = a->password;
    a->scheme = NULL;
    a->user = NULL;
    a->password = NULL;
    return out->url != NULL && out->shown != NULL && !shown.failed
               ? EVPROF_OK
               : EVPROF_ENOMEM;
}

/* "http+unix://%2Frun%2Fa.sock/path": the socket; `out` is what is left. */
static bool
take_socket(const char *source, char **socket, evprof_buf_t *out)
{
    static const char scheme[] = "http+unix://";
    size_t skip = sizeof(scheme) - 1;
    if (strncasecmp(source, scheme, skip) != 0) {
        return false;
    }
    size_t len = strcspn(source + skip, "/?#");
    evprof_buf_t path = { 0 };
    if (!evprof_query_unescape(source + skip, len, &path) || path.failed ||
        path.len == 0 || path.data[0] != '/') {
        evprof_buf_free(&path);
    }
    *socket = path.data;
    evprof_buf_printf(out, "http://localhost%s", source + skip + len);
    return true;
}

int
evprof_target_parse(const char *source, int64_t seconds, int64_t timeout_s,
                    evprof_target_t *out, evprof_error_t *err)
{
    *out = (evprof_target_t){ 0 };
    evprof_source_url_t a = { 0 };
    evprof_buf_t tcp = { 0 };
    bool is_unix = take_socket(source, &out->unix_socket, &tcp);
    const char *fault = evprof_source_url_fault(source);
    int status =
        (is_unix && (out->unix_socket == NULL || tcp.failed)) || fault != NULL
            ? EVPROF_EINVAL
            : evprof_source_url_of_source(is_unix ? tcp.data : source, &a);
    if (status == EVPROF_OK) {
        status = fill_from_address(&a, seconds, timeout_s, out);
    }
    evprof_source_url_free(&a);
    evprof_buf_free(&tcp);
    if (status != EVPROF_OK) {
        evprof_target_free(out);
        evprof_fail(err, status, "%s",
                    fault != NULL ? fault : "neither a file nor a URL");
    }
    return status;
}

/* ---- Redirects ---- */

/* Takes what we keep apart out of the URL, and fills the rest of `out`. */
static int
fill(CURLU *u, evprof_target_t *out)
{
    out->user = part(u, CURLUPART_USER, CURLU_URLDECODE);
    out->password = part(u, CURLUPART_PASSWORD, CURLU_URLDECODE);
    curl_url_set(u, CURLUPART_USER, NULL, 0);
    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
    char *host = part(u, CURLUPART_HOST, 0);
    char *port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    int64_t number = 0;
    evprof_buf_t origin = { 0 };
    out->scheme = part(u, CURLUPART_SCHEME, 0);
    if (out->scheme != NULL && host != NULL && port != NULL &&
        evprof_parse_int64(port, &number)) {
        out->is_tls = strcasecmp(out->scheme, "https") == 0;
        out->port = (int)number;
        evprof_buf_printf(&origin, "%s://%s:%s", out->scheme, host, port);
        out->origin = origin.data;
        size_t len = strlen(host);
        bool is_bracketed = len > 1 && host[0] == '[';
        out->host =
            strndup(host + is_bracketed, len - 2 * (size_t)is_bracketed);
    }
    out->url = part(u, CURLUPART_URL, 0);
    free(host);
    free(port);
    return out->url != NULL && out->origin != NULL ? EVPROF_OK : EVPROF_EINVAL;
}

static void
add_shown(evprof_target_t *out)
{
    evprof_buf_t shown = { 0 };
    const char *rest = strstr(out->url, "://");
    evprof_buf_puts(&shown, out->is_tls ? "https://" : "http://");
    if (out->user != NULL) {
        evprof_buf_printf(&shown, "%s%s@", out->user,
                          out->password == NULL ? "" : ":xxxxx");
    }
    evprof_buf_puts(&shown, rest == NULL ? out->url : rest + 3);
    out->shown = shown.data;
}

int
evprof_target_redirect(const evprof_target_t *from, const char *location,
                       evprof_target_t *out, evprof_error_t *err)
{
    *out = (evprof_target_t){ .duration_s = from->duration_s,
                              .timeout_s = from->timeout_s };
    CURLU *u = curl_url();
    int status = EVPROF_EINVAL;
    if (u != NULL &&
        curl_url_set(u, CURLUPART_URL, from->url, 0) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_URL, location, 0) == CURLUE_OK) {
        status = fill(u, out);
    }
    curl_url_cleanup(u);
    if (status != EVPROF_OK || (strncmp(out->url, "http://", 7) != 0 &&
                                strncmp(out->url, "https://", 8) != 0)) {
        evprof_target_free(out);
        return evprof_fail(err, EVPROF_EINVAL,
                           "the server redirects to something that is not "
                           "http or https");
    }
    bool is_same = strcmp(from->origin, out->origin) == 0;
    out->is_insecure = from->is_insecure && is_same;
    if (is_same && from->unix_socket != NULL) {
        out->unix_socket = strdup(from->unix_socket);
    }
    if (is_same && out->user == NULL && from->user != NULL) {
        out->user = strdup(from->user);
        out->password = from->password == NULL ? NULL : strdup(from->password);
    }
    add_shown(out);
    return EVPROF_OK;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Whether a sibling of the profile's path is called "symbol". */
static bool
has_symbol_sibling(const char *path)
{
    static const char *const endings[] = { "/pprof/heap", "/pprof/growth",
                                           "/pprof/profile",
                                           "/pprof/pmuprofile",
                                           "/pprof/contention" };
    if (strstr(path, "/debug/pprof/") != NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (ends_with(path, endings[i])) {
            return true;
        }
    }
    return false;
}

int
evprof_target_symbol(const evprof_target_t *from, evprof_target_t *out,
                     evprof_error_t *err)
{
    CURLU *u = curl_url();
    evprof_buf_t sibling = { 0 };
    char *path = NULL;
    if (u != NULL &&
        curl_url_set(u, CURLUPART_URL, from->url, 0) == CURLUE_OK) {
        path = part(u, CURLUPART_PATH, 0);
    }
    if (path != NULL) {
        bool is_symbol = has_symbol_sibling(path);
        char *slash = strrchr(path, '/');
        evprof_buf_add(&sibling, path,
                       slash == NULL ? 0 : (size_t)(slash - path));
        evprof_buf_puts(&sibling, is_symbol ? "/symbol" : "/symbolz");
    }
    int status = sibling.data == NULL
                     ? evprof_fail(err, EVPROF_EINVAL,
                                   "%s: no address for symbols", from->shown)
                     : evprof_target_redirect(from, sibling.data, out, err);
    curl_url_cleanup(u);
    free(path);
    evprof_buf_free(&sibling);
    return status;
}

void
evprof_target_free(evprof_target_t *t)
{
    if (t->password != NULL) {
        explicit_bzero(t->password, strlen(t->password));
    }
    free(t->scheme);
    free(t->url);
    free(t->shown);
    free(t->user);
    free(t->password);
    free(t->host);
    free(t->origin);
    free(t->unix_socket);
    *t = (evprof_target_t){ 0 };
}
