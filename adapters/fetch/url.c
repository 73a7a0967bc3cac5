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

#include "adapters/fetch/redact.h"
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

struct pair {
    char *text; /* "key=value", encoded as it will be sent */
    size_t key_len;
};

static int
by_key(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
    int order = memcmp(x->text, y->text, len);
    if (order == 0) {
        order = (x->key_len > y->key_len) - (x->key_len < y->key_len);
    }
    /* qsort is not stable; the addresses keep the order of equal keys. */
    return order != 0 ? order : (x->text > y->text) - (x->text < y->text);
}

/* Go's Values.Encode(): pairs sorted by key, `seconds` set when positive. */
static char *
rebuild_query(const char *query, int64_t seconds)
{
    evprof_buf_t out = { 0 };
    char *copy = strdup(query == NULL ? "" : query);
    size_t count = 1;
    for (const char *c = copy; c != NULL && *c != '\0'; c++) {
        count += *c == '&';
    }
    struct pair *pairs = calloc(count + 1, sizeof(*pairs));
    char own[40];
    size_t n = 0;
    char *rest = copy;
    for (char *word; pairs && rest && (word = strsep(&rest, "&")) != NULL;) {
        size_t len = strcspn(word, "=");
        bool is_seconds = len == 7 && memcmp(word, "seconds", 7) == 0;
        if (word[0] != '\0' && !(is_seconds && seconds > 0)) {
            pairs[n++] = (struct pair){ word, len };
        }
    }
    if (pairs != NULL && seconds > 0) {
        snprintf(own, sizeof(own), "seconds=%lld", (long long)seconds);
        pairs[n++] = (struct pair){ own, 7 };
    }
    if (n > 0) {
        qsort(pairs, n, sizeof(*pairs), by_key);
    }
    for (size_t i = 0; i < n; i++) {
        evprof_buf_printf(&out, "%s%s%s", i == 0 ? "" : "&", pairs[i].text,
                          pairs[i].text[pairs[i].key_len] == '\0' ? "=" : "");
    }
    free(pairs);
    free(copy);
    return out.data;
}

static int64_t
seconds_in(const char *query)
{
    int64_t seconds = 0;
    const char *at = query;
    while (at != NULL && *at != '\0') {
        size_t len = strcspn(at, "&");
        if (len > 8 && strncmp(at, "seconds=", 8) == 0) {
            char number[24] = "";
            if (len - 8 < sizeof(number)) {
                memcpy(number, at + 8, len - 8);
            }
            evprof_parse_int64(number, &seconds);
            break;
        }
        at += len + (at[len] == '&');
    }
    return seconds < 0 ? 0 : seconds;
}

/* Takes what we keep apart out of the URL, and fills the rest of `out`. */
static int
fill(CURLU *u, evprof_target_t *out)
{
    out->user = part(u, CURLUPART_USER, CURLU_URLDECODE);
    out->password = part(u, CURLUPART_PASSWORD, CURLU_URLDECODE);
    curl_url_set(u, CURLUPART_USER, NULL, 0);
    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
    char *scheme = part(u, CURLUPART_SCHEME, 0);
    char *host = part(u, CURLUPART_HOST, 0);
    char *port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    int64_t number = 0;
    evprof_buf_t origin = { 0 };
    if (scheme != NULL && host != NULL && port != NULL &&
        evprof_parse_int64(port, &number)) {
        out->is_tls = strcasecmp(scheme, "https") == 0;
        out->port = (int)number;
        evprof_buf_printf(&origin, "%s://%s:%s", scheme, host, port);
        out->origin = origin.data;
        size_t len = strlen(host);
        bool is_bracketed = len > 1 && host[0] == '[';
        out->host =
            strndup(host + is_bracketed, len - 2 * (size_t)is_bracketed);
    }
    out->url = part(u, CURLUPART_URL, 0);
    free(scheme);
    free(host);
    free(port);
    return out->url != NULL && out->origin != NULL ? EVPROF_OK : EVPROF_EINVAL;
}

static void
add_shown(evprof_target_t *out, const char *prefix)
{
    evprof_buf_t shown = { 0 };
    const char *rest = strstr(out->url, "://");
    evprof_buf_puts(&shown, prefix != NULL ? prefix
                            : out->is_tls  ? "https://"
                                           : "http://");
    if (out->user != NULL) {
        evprof_buf_printf(&shown, "%s%s@", out->user,
                          out->password == NULL ? "" : ":xxxxx");
    }
    evprof_buf_puts(&shown, rest == NULL ? out->url : rest + 3);
    out->shown = shown.data;
}

/* The scheme that libcurl is to see, and what of `source` follows ours. */
static const char *
strip_scheme(const char *source, evprof_target_t *out, bool *is_unix)
{
    static const char insecure[] = "https+insecure://";
    static const char over_unix[] = "http+unix://";
    *is_unix = strncasecmp(source, over_unix, sizeof(over_unix) - 1) == 0;
    if (*is_unix) {
        return source + sizeof(over_unix) - 1;
    }
    if (strncasecmp(source, insecure, sizeof(insecure) - 1) == 0) {
        out->is_insecure = true;
        return source + sizeof(insecure) - 1;
    }
    return NULL;
}

/* "%2Frun%2Fa.sock/path": the socket, and an URL for what follows it. */
static char *
take_socket(const char *rest, evprof_target_t *out)
{
    size_t len = strcspn(rest, "/?");
    int decoded_len = 0;
    char *encoded = strndup(rest, len);
    char *decoded =
        encoded == NULL
            ? NULL
            : curl_easy_unescape(NULL, encoded, (int)len, &decoded_len);
    free(encoded);
    if (decoded == NULL || decoded_len == 0 || decoded[0] != '/') {
        curl_free(decoded);
        return NULL;
    }
    out->unix_socket = strdup(decoded);
    curl_free(decoded);
    evprof_buf_t url = { 0 };
    evprof_buf_printf(&url, "http://localhost%s", rest + len);
    return url.data;
}

static char *
with_scheme(const char *source, evprof_target_t *out)
{
    bool is_unix;
    const char *rest = strip_scheme(source, out, &is_unix);
    evprof_buf_t url = { 0 };
    if (is_unix) {
        return take_socket(rest, out);
    }
    if (out->is_insecure) {
        evprof_buf_printf(&url, "https://%s", rest);
    } else if (strncasecmp(source, "http://", 7) == 0 ||
               strncasecmp(source, "https://", 8) == 0) {
        evprof_buf_puts(&url, source);
    } else if (strstr(source, "://") == NULL) {
        evprof_buf_printf(&url, "http://%s", source);
    }
    return url.data;
}

static bool
is_bare_path(const char *path)
{
    return path == NULL || path[0] == '\0' || strcmp(path, "/") == 0;
}

/* Puts duration and path into the URL. */
static int
apply_rules(CURLU *u, int64_t seconds, int64_t timeout_s, evprof_target_t *out)
{
    char *path = part(u, CURLUPART_PATH, 0);
    char *query = part(u, CURLUPART_QUERY, 0);
    if (is_bare_path(path)) {
        curl_url_set(u, CURLUPART_PATH, CPU_PROFILE, 0);
    }
    char *rebuilt = rebuild_query(query, seconds);
    CURLUcode code = curl_url_set(u, CURLUPART_QUERY, rebuilt, 0);
    out->duration_s = seconds > 0 ? seconds : seconds_in(query);
    out->timeout_s = timeout_s > 0 ? timeout_s
                     : out->duration_s > 0
                         ? out->duration_s + out->duration_s / 2
                         : DEFAULT_TIMEOUT_S;
    free(rebuilt);
    free(path);
    free(query);
    return code == CURLUE_OK ? EVPROF_OK : EVPROF_EINVAL;
}

int
evprof_target_parse(const char *source, int64_t seconds, int64_t timeout_s,
                    evprof_target_t *out, evprof_error_t *err)
{
    *out = (evprof_target_t){ 0 };
    CURLU *u = curl_url();
    char *url = with_scheme(source, out);
    int status = EVPROF_EINVAL;
    if (u != NULL && url != NULL &&
        curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        status = apply_rules(u, seconds, timeout_s, out);
    }
    if (status == EVPROF_OK) {
        status = fill(u, out);
    }
    if (status == EVPROF_OK) {
        add_shown(out, out->is_insecure ? "https+insecure://" : NULL);
    } else {
        char *shown = evprof_url_redact(source);
        evprof_target_free(out);
        status = evprof_fail(err, EVPROF_EINVAL, "%s: neither a file nor a URL",
                             shown == NULL ? "source" : shown);
        free(shown);
    }
    curl_url_cleanup(u);
    free(url);
    return status;
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
    add_shown(out, NULL);
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
    free(t->url);
    free(t->shown);
    free(t->user);
    free(t->password);
    free(t->host);
    free(t->origin);
    free(t->unix_socket);
    *t = (evprof_target_t){ 0 };
}
