/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources become addresses by the rules of `go tool pprof`. Credentials are
 * taken out of the URL at once, so that nothing that prints an address, follows
 * a redirect or reports an error can carry them along.
 */
#include "adapters/fetch/target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adapters/fetch/escape.h"
#include "adapters/fetch/seconds.h"
#include "adapters/fetch/url.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/parse.h"
#include "core/base/scheme.h"

#define CPU_PROFILE "/debug/pprof/profile"
#define DEFAULT_TIMEOUT_S 60

/* Host and port apart; no host, as in ":6060", is this machine. */
static void
take_host(const evprof_url_t *url, evprof_target_t *out)
{
    const char *colon = strrchr(url->host, ':');
    if (colon != NULL && strchr(colon, ']') != NULL) {
        colon = NULL;
    }
    size_t len =
        colon == NULL ? strlen(url->host) : (size_t)(colon - url->host);
    bool is_bracketed = len > 1 && url->host[0] == '[';
    int64_t port = out->is_tls ? 443 : 80;
    if (colon != NULL && colon[1] != '\0' &&
        !evprof_parse_int64(colon + 1, &port)) {
        port = INT32_MAX;
    }
    out->port = port > INT32_MAX ? INT32_MAX : (int)port;
    out->host = len == 0 ? strdup("localhost")
                         : strndup(url->host + is_bracketed,
                                   len - 2 * (size_t)is_bracketed);
}

/* Writes the part of `url` that a server is asked for, or only its origin, with
 * what libcurl knows of schemes and without credentials and fragment. */
static char *
written(const evprof_url_t *url, const evprof_target_t *target, bool with_path)
{
    bool is_v6 = strchr(target->host, ':') != NULL;
    bool has_port = !with_path || target->port != (target->is_tls ? 443 : 80);
    char empty[] = "";
    char root[] = "/";
    char scheme[] = "https";
    scheme[4] = target->is_tls ? 's' : '\0';
    evprof_buf_t host = { 0 };
    evprof_buf_t out = { 0 };
    evprof_buf_printf(&host, is_v6 ? "[%s]" : "%s", target->host);
    if (has_port) {
        evprof_buf_printf(&host, ":%d", target->port);
    }
    if (!host.failed) {
        evprof_url_t asked = { .scheme = scheme,
                               .host = host.data,
                               .path = !with_path             ? empty
                                       : url->path[0] == '\0' ? root
                                                              : url->path,
                               .query = with_path ? url->query : empty,
                               .has_query = with_path && url->has_query,
                               .fragment = empty };
        evprof_url_print(&asked, &out);
    }
    evprof_buf_free(&host);
    return out.data;
}

/* Fills what says which server is asked for what. */
static int
fill_place(const evprof_url_t *url, evprof_target_t *out)
{
    out->is_tls = out->is_insecure ||
                  evprof_scheme_named(url->scheme) == EVPROF_SCHEME_HTTPS;
    take_host(url, out);
    if (out->host != NULL) {
        out->url = written(url, out, true);
        out->origin = written(url, out, false);
    }
    return out->url != NULL && out->origin != NULL ? EVPROF_OK : EVPROF_ENOMEM;
}

/* Fills the text for people, and the credentials, which move from `url` to
 * `out`. */
static int
fill_user(evprof_url_t *url, evprof_target_t *out)
{
    evprof_buf_t shown = { 0 };
    evprof_url_print(url, &shown);
    out->shown = shown.data;
    out->scheme = url->scheme;
    out->user = url->user;
    out->password = url->password;
    url->scheme = NULL;
    url->user = NULL;
    url->password = NULL;
    return shown.failed ? EVPROF_ENOMEM : EVPROF_OK;
}

/* ---- Sources ---- */

static bool
is_bare_path(const char *path)
{
    return path[0] == '\0' || strcmp(path, "/") == 0;
}

static int
fill_from_source(evprof_url_t *url, int64_t seconds, int64_t timeout_s,
                 evprof_target_t *out)
{
    if (is_bare_path(url->path)) {
        free(url->path);
        url->path = strdup(CPU_PROFILE);
    }
    if (url->path == NULL ||
        evprof_url_apply_seconds(url, seconds, &out->duration_s) != EVPROF_OK) {
        return EVPROF_ENOMEM;
    }
    out->timeout_s = timeout_s > 0 ? timeout_s
                     : out->duration_s > 0
                         ? out->duration_s + out->duration_s / 2
                         : DEFAULT_TIMEOUT_S;
    out->is_insecure =
        evprof_scheme_named(url->scheme) == EVPROF_SCHEME_INSECURE;
    int status = fill_place(url, out);
    return status == EVPROF_OK ? fill_user(url, out) : status;
}

/* "http+unix://%2Frun%2Fa.sock/path": the socket; `out` is what is left. */
static bool
take_socket(const char *source, char **socket, evprof_buf_t *out)
{
    size_t skip = 0;
    if (evprof_scheme_of(source, &skip) != EVPROF_SCHEME_UNIX) {
        return false;
    }
    size_t len = strcspn(source + skip, "/?#");
    *socket = evprof_url_decoded(source + skip, len, EVPROF_URL_SEGMENT);
    if (*socket != NULL && (*socket)[0] != '/') {
        free(*socket);
        *socket = NULL;
    }
    evprof_buf_printf(out, "http://localhost%s", source + skip + len);
    return true;
}

int
evprof_target_parse(const char *source, int64_t seconds, int64_t timeout_s,
                    evprof_target_t *out, evprof_error_t *err)
{
    *out = (evprof_target_t){ 0 };
    evprof_url_t url = { 0 };
    evprof_buf_t tcp = { 0 };
    bool is_unix = take_socket(source, &out->unix_socket, &tcp);
    const char *fault = evprof_url_fault(source);
    int status =
        (is_unix && (out->unix_socket == NULL || tcp.failed)) || fault != NULL
            ? EVPROF_EINVAL
            : evprof_url_of_source(is_unix ? tcp.data : source, &url);
    if (status == EVPROF_OK) {
        status = fill_from_source(&url, seconds, timeout_s, out);
    }
    evprof_url_free(&url);
    evprof_buf_free(&tcp);
    if (status != EVPROF_OK) {
        evprof_target_free(out);
        evprof_fail(err, status, "%s",
                    fault != NULL ? fault : "neither a file nor a URL");
    }
    return status;
}

/* ---- Redirects ---- */

/* Takes over what belongs to the server of `from`, which is asked again. */
static int
keep_server(const evprof_target_t *from, evprof_url_t *url,
            evprof_target_t *out)
{
    bool keeps_user = url->user == NULL && from->user != NULL;
    bool keeps_password = keeps_user && from->password != NULL;
    out->is_insecure = from->is_insecure;
    if (from->unix_socket != NULL) {
        out->unix_socket = strdup(from->unix_socket);
    }
    if (keeps_user) {
        url->user = strdup(from->user);
    }
    if (keeps_password) {
        url->password = strdup(from->password);
    }
    return (from->unix_socket != NULL && out->unix_socket == NULL) ||
                   (keeps_user && url->user == NULL) ||
                   (keeps_password && url->password == NULL)
               ? EVPROF_ENOMEM
               : EVPROF_OK;
}

/* Reads `location`, which may be relative to what was asked for. */
static int
read_location(const evprof_target_t *from, const char *location,
              evprof_url_t *out)
{
    evprof_url_t base;
    int status = evprof_url_parse(from->url, &base);
    if (status == EVPROF_OK) {
        status = evprof_url_resolve(&base, location, out);
        evprof_url_free(&base);
    }
    if (status == EVPROF_OK && out->host[0] == '\0') {
        status = EVPROF_EINVAL;
    }
    return status;
}

int
evprof_target_redirect(const evprof_target_t *from, const char *location,
                       evprof_target_t *out, evprof_error_t *err)
{
    *out = (evprof_target_t){ .duration_s = from->duration_s,
                              .timeout_s = from->timeout_s };
    evprof_url_t url = { 0 };
    int status = read_location(from, location, &url);
    enum evprof_scheme scheme = status == EVPROF_OK
                                    ? evprof_scheme_named(url.scheme)
                                    : EVPROF_SCHEME_NONE;
    if (scheme != EVPROF_SCHEME_HTTP && scheme != EVPROF_SCHEME_HTTPS) {
        evprof_url_free(&url);
        return evprof_fail(err, EVPROF_EINVAL,
                           "the server redirects to something that is not "
                           "http or https");
    }
    status = fill_place(&url, out);
    if (status == EVPROF_OK && strcmp(from->origin, out->origin) == 0) {
        status = keep_server(from, &url, out);
    }
    if (status == EVPROF_OK) {
        status = fill_user(&url, out);
    }
    evprof_url_free(&url);
    if (status != EVPROF_OK) {
        evprof_target_free(out);
        return evprof_fail(err, status, "out of memory");
    }
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

/* Turns the address of a profile into that of its server's symbols. */
static int
name_sibling(evprof_url_t *url)
{
    const char *slash = strrchr(url->path, '/');
    evprof_buf_t sibling = { 0 };
    evprof_buf_add(&sibling, url->path,
                   slash == NULL ? 0 : (size_t)(slash - url->path));
    evprof_buf_puts(&sibling,
                    has_symbol_sibling(url->path) ? "/symbol" : "/symbolz");
    if (sibling.failed) {
        evprof_buf_free(&sibling);
        return EVPROF_ENOMEM;
    }
    free(url->path);
    url->path = sibling.data;
    url->query[0] = '\0';
    url->has_query = false;
    return EVPROF_OK;
}

/* The whole address is written, since a path by itself that begins with two
 * slashes would name another host. */
int
evprof_target_symbol(const evprof_target_t *from, evprof_target_t *out,
                     evprof_error_t *err)
{
    evprof_url_t url;
    evprof_buf_t address = { 0 };
    int status = evprof_url_parse(from->url, &url);
    if (status == EVPROF_OK) {
        status = name_sibling(&url);
        if (status == EVPROF_OK) {
            evprof_url_print(&url, &address);
        }
        evprof_url_free(&url);
    }
    status = status != EVPROF_OK || address.failed
                 ? evprof_fail(err, EVPROF_EINVAL, "%s: no address for symbols",
                               from->shown)
                 : evprof_target_redirect(from, address.data, out, err);
    evprof_buf_free(&address);
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
