/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a transfer asks of libcurl. Two rules decide the rest: libcurl's own
 * look into the environment is switched off, since proxies follow Go's rules;
 * and redirects are followed by us, because every header that a user gives is a
 * credential and must not reach another origin.
 */
#include "adapters/fetch/transfer.h"

#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "adapters/fetch/proxy.h"
#include "adapters/fetch/secret.h"
#include "core/base/clock.h"
#include "core/base/error.h"

/* libcurl reads so many bytes at once; by its default it would take four times
 * as many calls. */
#define READ_BYTES 65536L

/* Beyond a profile's own time, for connecting and sending: as pprof has it. */
#define GRACE_S 5

int64_t
evprof_fetch_now_ns(void)
{
    return evprof_clock_ns(CLOCK_MONOTONIC);
}

static const struct {
    const char *name;
    long auth;
} auth_names[] = {
    { "any", (long)(CURLAUTH_ANY & ~CURLAUTH_BEARER) },
    { "basic", (long)CURLAUTH_BASIC },
    { "digest", (long)CURLAUTH_DIGEST },
    { "ntlm", (long)CURLAUTH_NTLM },
    { "negotiate", (long)CURLAUTH_NEGOTIATE },
};

int
evprof_credentials_read(const evprof_fetch_options_t *options,
                        evprof_credentials_t *out, evprof_error_t *err)
{
    *out = (evprof_credentials_t){ .proxy_auth = auth_names[0].auth };
    if (options->proxy_auth != NULL) {
        size_t i = 0;
        size_t count = sizeof(auth_names) / sizeof(auth_names[0]);
        while (i < count &&
               strcasecmp(auth_names[i].name, options->proxy_auth) != 0) {
            i++;
        }
        if (i == count) {
            return evprof_fail(err, EVPROF_EINVAL,
                               "-proxy_auth must be any, basic, digest, ntlm "
                               "or negotiate");
        }
        out->proxy_auth = auth_names[i].auth;
    }
    if ((options->tls_cert == NULL) != (options->tls_key == NULL)) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "-tls_cert and -tls_key must be given together");
    }
    evprof_secret_guard();
    return options->proxy_user == NULL
               ? EVPROF_OK
               : evprof_secret_user(options->proxy_user, &out->proxy_user, err);
}

void
evprof_credentials_free(evprof_credentials_t *c)
{
    evprof_secret_free(c->proxy_user);
    c->proxy_user = NULL;
}

static int
append(struct curl_slist **list, const char *line, evprof_error_t *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    *list = longer;
    return EVPROF_OK;
}

/* "K: V", or "@file" with such a line in it. */
static int
add_header(struct curl_slist **list, const char *said, evprof_error_t *err)
{
    char *line = NULL;
    if (said[0] == '@') {
        int status = evprof_fetch_secret_read(said + 1, &line, err);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    const char *header = line == NULL ? said : line;
    int status = strchr(header, ':') == NULL || strpbrk(header, "\r\n") != NULL
                     ? evprof_fail(err, EVPROF_EINVAL,
                                   "a header must be one line \"Name: value\"")
                     : append(list, header, err);
    evprof_secret_free(line);
    return status;
}

static int
add_headers(struct curl_slist **list, const char *const *said, size_t count,
            evprof_error_t *err)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        status = add_header(list, said[i], err);
    }
    return status;
}

static int
set_bearer(evprof_transfer_t *t, const char *path, evprof_error_t *err)
{
    char *token = NULL;
    int status = evprof_fetch_secret_read(path, &token, err);
    if (status == EVPROF_OK) {
        curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(t->easy, CURLOPT_XOAUTH2_BEARER, token);
    }
    evprof_secret_free(token);
    return status;
}

static const char *
first_of(const char *own, const char *shared)
{
    return own != NULL ? own : shared;
}

/* Sets all credentials for the target. */
static int
set_credentials(evprof_transfer_t *t, evprof_error_t *err)
{
    const evprof_fetch_options_t *o = t->options;
    const evprof_fetch_source_t *s = t->source;
    if (t->target.user != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(t->easy, CURLOPT_USERNAME, t->target.user);
        curl_easy_setopt(t->easy, CURLOPT_PASSWORD,
                         t->target.password == NULL ? "" : t->target.password);
    }
    if (o->netrc_file != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
        if (o->netrc_file[0] != '\0') {
            curl_easy_setopt(t->easy, CURLOPT_NETRC_FILE, o->netrc_file);
        }
    }
    if (o->cookie_file != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_COOKIEFILE, o->cookie_file);
    }
    const char *cert = first_of(s->tls_cert, o->tls_cert);
    if (cert != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_SSLCERT, cert);
        curl_easy_setopt(t->easy, CURLOPT_SSLKEY,
                         first_of(s->tls_key, o->tls_key));
    }
    const char *bearer = first_of(s->bearer_token_file, o->bearer_token_file);
    int status = bearer == NULL ? EVPROF_OK : set_bearer(t, bearer, err);
    if (status == EVPROF_OK) {
        status =
            s->header_count > 0
                ? add_headers(&t->headers, s->headers, s->header_count, err)
                : add_headers(&t->headers, o->headers, o->header_count, err);
    }
    return status;
}

/* Names the proxy to libcurl; "" keeps it from looking into the environment
 * itself. */
static int
choose_proxy(evprof_transfer_t *t, evprof_error_t *err)
{
    const evprof_fetch_options_t *o = t->options;
    const char *found = NULL;
    char *spelled = NULL;
    t->has_proxy = false;
    if (t->target.unix_socket == NULL && o->unix_socket == NULL) {
        found = o->proxy != NULL
                    ? o->proxy
                    : evprof_proxy_from_environment(
                          t->target.is_tls, t->target.host, t->target.port);
    }
    if (found != NULL) {
        spelled =
            found == o->proxy ? strdup(found) : evprof_proxy_spelled(found);
        if (spelled == NULL) {
            return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
        }
        t->has_proxy = true;
    }
    curl_easy_setopt(t->easy, CURLOPT_PROXY, spelled == NULL ? "" : spelled);
    curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
    evprof_secret_free(spelled);
    return EVPROF_OK;
}

static int
set_proxy(evprof_transfer_t *t, evprof_error_t *err)
{
    const evprof_fetch_options_t *o = t->options;
    int status = choose_proxy(t, err);
    if (status != EVPROF_OK || !t->has_proxy) {
        return status;
    }
    curl_easy_setopt(t->easy, CURLOPT_PROXYAUTH, t->credentials->proxy_auth);
    if (t->credentials->proxy_user != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_PROXYUSERPWD,
                         t->credentials->proxy_user);
    }
    if (t->credentials->proxy_user == NULL &&
        t->credentials->proxy_auth == (long)CURLAUTH_NEGOTIATE) {
        /* A ticket names its user; libcurl wants to be given one all the same.
         */
        curl_easy_setopt(t->easy, CURLOPT_PROXYUSERPWD, ":");
    }
    if (o->proxy_tls_ca != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_PROXY_CAINFO, o->proxy_tls_ca);
    }
    curl_easy_setopt(t->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    status = add_headers(&t->proxy_headers, o->proxy_headers,
                         o->proxy_header_count, err);
    curl_easy_setopt(t->easy, CURLOPT_PROXYHEADER, t->proxy_headers);
    return status;
}

/* "127.0.0.1:80", "[::1]:80"; nothing for other kinds of addresses. */
static void
print_address(const struct curl_sockaddr *at, char *out, size_t size)
{
    char host[64];
    char port[8];
    if (getnameinfo(&at->addr, at->addrlen, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        snprintf(out, size, at->family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                 port);
    }
}

/* Opens a socket as libcurl would, and keeps the address for messages. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
    evprof_transfer_t *t = arg;
    (void)purpose;
    if (t->address[0] == '\0' && at->family != AF_UNIX) {
        print_address(at, t->address, sizeof(t->address));
    }
    return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static void
set_basics(evprof_transfer_t *t)
{
    const evprof_fetch_options_t *o = t->options;
    CURL *easy = t->easy;
    curl_easy_setopt(easy, CURLOPT_URL, t->target.url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_BYTES);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "evprof");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, evprof_transfer_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, evprof_transfer_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT,
                     (long)(t->target.timeout_s + GRACE_S));
    if (t->target.is_insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (o->tls_ca != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, o->tls_ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    const char *socket = first_of(t->target.unix_socket, o->unix_socket);
    if (socket != NULL && !t->is_elsewhere) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket);
    }
    if (t->post != NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)t->post_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->post);
    }
}

int
evprof_transfer_prepare(evprof_transfer_t *t, evprof_error_t *err)
{
    evprof_transfer_reset(t);
    t->easy = curl_easy_init();
    if (t->easy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    set_basics(t);
    int status = set_proxy(t, err);
    if (status == EVPROF_OK && !t->is_elsewhere) {
        status = set_credentials(t, err);
    }
    if (status == EVPROF_OK && t->post != NULL) {
        char type[128];
        (void)snprintf(type, sizeof(type), "Content-Type: %s", t->post_type);
        status = append(&t->headers, type, err);
    }
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    return status;
}

static void
free_list(struct curl_slist **list)
{
    for (struct curl_slist *item = *list; item != NULL; item = item->next) {
        explicit_bzero(item->data, strlen(item->data));
    }
    curl_slist_free_all(*list);
    *list = NULL;
}

void
evprof_transfer_reset(evprof_transfer_t *t)
{
    if (t->easy != NULL) {
        curl_easy_cleanup(t->easy);
        t->easy = NULL;
    }
    free_list(&t->headers);
    free_list(&t->proxy_headers);
    evprof_buf_free(&t->answer.body);
    t->answer = (evprof_answer_t){ 0 };
    t->error[0] = '\0';
    t->address[0] = '\0';
    t->is_too_large = false;
}

void
evprof_transfer_free(evprof_transfer_t *t)
{
    evprof_transfer_reset(t);
    evprof_target_free(&t->target);
}
