/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool's own port: one evhttp on one loop, until a signal ends it. guard.h
 * decides which requests are served, and the site answers them.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "adapters/web/guard.h"
#include "adapters/web/params.h"
#include "adapters/web/web.h"
#include "core/base/error.h"

#define MAX_BODY ((ev_ssize_t)256 << 20)
#define MAX_HEADERS ((ev_ssize_t)256 << 10)
#define PREFIX "/ui/"
#define DEFAULT_HOST "localhost"

typedef struct server {
    evprof_site_t *site;
    evprof_guard_t guard;
    struct event_base *base;
    struct evhttp *http;
    char host[256]; /* as given, without brackets */
    char shown[260];
    unsigned asked_port;
} server_t;

static const char *
header(struct evhttp_request *req, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(req), name);
}

static void
add_header(struct evhttp_request *req, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

/* ---- Replies ---- */

static void
free_bytes(const void *data, size_t len, void *arg)
{
    (void)data;
    (void)len;
    free(arg);
}

static void
add_fixed_headers(struct evhttp_request *req)
{
    for (size_t i = 0; evprof_web_headers[i].name != NULL; i++) {
        add_header(req, evprof_web_headers[i].name,
                   evprof_web_headers[i].value);
    }
}

static void
add_headers(struct evhttp_request *req, const evprof_web_answer_t *answer)
{
    add_fixed_headers(req);
    add_header(req, "Cache-Control",
               answer->is_immutable ? "public, max-age=31536000, immutable"
                                    : "no-cache");
    add_header(req, "Vary", "Accept-Encoding");
    if (answer->type != NULL) {
        add_header(req, "Content-Type", answer->type);
    }
    if (answer->etag[0] != '\0') {
        add_header(req, "ETag", answer->etag);
    }
    if (answer->is_gzip) {
        add_header(req, "Content-Encoding", "gzip");
    }
    if (answer->filename != NULL) {
        char value[128];
        (void)snprintf(value, sizeof(value), "attachment; filename=\"%s\"",
                       answer->filename);
        add_header(req, "Content-Disposition", value);
    }
    if (answer->location.len > 0 && !answer->location.failed) {
        add_header(req, "Location", answer->location.data);
    }
}

static void
send_answer(struct evhttp_request *req, evprof_web_answer_t *answer)
{
    add_headers(req, answer);
    bool has_body = evhttp_request_get_command(req) != EVHTTP_REQ_HEAD &&
                    answer->body.len > 0;
    struct evbuffer *out = has_body ? evbuffer_new() : NULL;
    if (out != NULL &&
        evbuffer_add_reference(out, answer->body.data, answer->body.len,
                               free_bytes, answer->body.data) == 0) {
        answer->body = (evprof_buf_t){ 0 };
    }
    evhttp_send_reply(req, answer->code, NULL, out);
    if (out != NULL) {
        evbuffer_free(out);
    }
}

static void
send_text(struct evhttp_request *req, int code, const char *text)
{
    struct evbuffer *out = evbuffer_new();
    add_fixed_headers(req);
    add_header(req, "Content-Type", "text/plain; charset=utf-8");
    if (out != NULL) {
        evbuffer_add_printf(out, "%s\n", text);
    }
    evhttp_send_reply(req, code, NULL, out);
    if (out != NULL) {
        evbuffer_free(out);
    }
}

static void
send_redirect(struct evhttp_request *req, int code, const char *path,
              const char *query)
{
    struct evbuffer *location = evbuffer_new();
    if (location == NULL) {
        send_text(req, 500, "out of memory");
        return;
    }
    evbuffer_add_printf(location, "%s%s%s", path, query != NULL ? "?" : "",
                        query != NULL ? query : "");
    evbuffer_add(location, "", 1);
    add_header(req, "Location", (char *)evbuffer_pullup(location, -1));
    evbuffer_free(location);
    send_text(req, code, "moved");
}

/* ---- Requests ---- */

static bool
takes_gzip(struct evhttp_request *req)
{
    const char *value = header(req, "Accept-Encoding");
    return value != NULL && strstr(value, "gzip") != NULL;
}

static bool
read_method(struct evhttp_request *req, enum evprof_web_method *method)
{
    switch (evhttp_request_get_command(req)) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_HEAD:
        *method = EVPROF_WEB_GET;
        return true;
    case EVHTTP_REQ_POST:
        *method = EVPROF_WEB_POST;
        return true;
    case EVHTTP_REQ_DELETE:
        *method = EVPROF_WEB_DELETE;
        return true;
    default:
        return false;
    }
}

static void
answer_request(server_t *server, struct evhttp_request *req, const char *path,
               const char *query)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    evprof_web_ask_t ask = {
        .path = path,
        .query = query,
        .body_len = evbuffer_get_length(in),
        .token = header(req, "X-Evprof-Token"),
        .if_none_match = header(req, "If-None-Match"),
        .accepts_gzip = takes_gzip(req),
    };
    ask.body = evbuffer_pullup(in, -1);
    evprof_web_answer_t answer;
    if (!read_method(req, &ask.method)) {
        send_text(req, 405, "method not allowed");
        return;
    }
    evprof_site_answer(server->site, &ask, &answer);
    send_answer(req, &answer);
    evprof_web_answer_free(&answer);
}

/* Takes the token out of the printed URL and sets it as a cookie, so that it
 * does not stay in the address bar. True: the request was answered by this. */
static bool
take_token(server_t *server, struct evhttp_request *req, const char *path,
           const char *query)
{
    evprof_params_t params;
    if (evprof_params_read(query, &params) != EVPROF_OK) {
        return false;
    }
    const char *token = evprof_param(&params, "token");
    bool is_token = token != NULL &&
                    evprof_guard_is_token(&server->guard, token, strlen(token));
    if (is_token) {
        char cookie[160];
        (void)snprintf(cookie, sizeof(cookie),
                       EVPROF_WEB_COOKIE "=%s; HttpOnly; SameSite=Strict; "
                                         "Path=/",
                       token);
        add_header(req, "Set-Cookie", cookie);
        send_redirect(req, 303, path, NULL);
    }
    evprof_params_free(&params);
    return is_token;
}

static void
route_request(server_t *server, struct evhttp_request *req)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *raw = evhttp_uri_get_path(uri);
    const char *query = evhttp_uri_get_query(uri);
    char *path = evhttp_uridecode(raw != NULL ? raw : "/", 0, NULL);
    const evprof_guarded_t guarded = { .cookie = header(req, "Cookie") };
    if (path == NULL) {
        send_text(req, 500, "out of memory");
    } else if (!evprof_guard_knows(&server->guard, &guarded)) {
        if (!take_token(server, req, raw, query)) {
            send_text(req, 403,
                      "open the URL that evprof printed: it has the token");
        }
    } else if (strcmp(path, "/") == 0 || strcmp(path, "/ui") == 0) {
        send_redirect(req, 307, PREFIX, query);
    } else if (strncmp(path, PREFIX, sizeof(PREFIX) - 1) != 0) {
        send_text(req, 404, "page not found");
    } else {
        answer_request(server, req, path + sizeof(PREFIX) - 1, query);
    }
    free(path);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
    server_t *server = arg;
    const char *mode = header(req, "Sec-Fetch-Mode");
    const evprof_guarded_t guarded = {
        .host = header(req, "Host"),
        .origin = header(req, "Origin"),
        .fetch_site = header(req, "Sec-Fetch-Site"),
        .is_navigation = mode != NULL && strcmp(mode, "navigate") == 0,
    };
    if (evprof_guard_allows(&server->guard, &guarded)) {
        route_request(server, req);
    } else {
        send_text(req, 403, "permission denied");
    }
}

/* ---- The port ---- */

/* Splits "[host]:[port]"; an IPv6 host is in brackets. */
static int
read_address(server_t *server, const char *address, evprof_error_t *err)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon != NULL ? (size_t)(colon - address) : strlen(address);
    const char *host = address;
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len >= sizeof(server->host)) {
        return evprof_fail(err, EVPROF_EINVAL, "-http: the host is too long");
    }
    if (len == 0) {
        host = DEFAULT_HOST;
        len = sizeof(DEFAULT_HOST) - 1;
    }
    memcpy(server->host, host, len);
    if (colon != NULL && colon[1] != '\0') {
        char *end;
        unsigned long port = strtoul(colon + 1, &end, 10);
        if (*end != '\0' || port > 65535) {
            return evprof_fail(err, EVPROF_EINVAL,
                               "-http: %s is no [host]:[port]", address);
        }
        server->asked_port = (unsigned)port;
    }
    bool is_v6 = strchr(server->host, ':') != NULL;
    (void)snprintf(server->shown, sizeof(server->shown), is_v6 ? "[%s]" : "%s",
                   server->host);
    return EVPROF_OK;
}

static bool
is_loopback_host(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           strncmp(host, "127.", 4) == 0;
}

static unsigned
bound_port(struct evhttp_bound_socket *bound)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof(address);
    if (getsockname(evhttp_bound_socket_get_fd(bound),
                    (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET6) {
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    }
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int
bind_port(server_t *server, evprof_error_t *err)
{
    /* "localhost" may have two addresses; most clients try this one. */
    bool is_name = strcmp(server->host, "localhost") == 0;
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(
        server->http, is_name ? "127.0.0.1" : server->host,
        (ev_uint16_t)server->asked_port);
    if (bound == NULL) {
        return evprof_fail(err, EVPROF_EIO, "-http: cannot listen on %s:%u",
                           server->shown, server->asked_port);
    }
    server->guard = (evprof_guard_t){
        .host = server->host,
        .port = bound_port(bound),
        .is_loopback = is_loopback_host(server->host),
        .token = evprof_site_token(server->site),
    };
    return EVPROF_OK;
}

static void
announce(const server_t *server, const evprof_web_port_t *port)
{
    char url[512];
    bool needs_token = !server->guard.is_loopback;
    (void)snprintf(url, sizeof(url), "http://%s:%u%s%s%s", server->shown,
                   server->guard.port, needs_token ? PREFIX : "",
                   needs_token ? "flamegraph?token=" : "",
                   needs_token ? server->guard.token : "");
    if (port->on_ready != NULL) {
        port->on_ready(port->ctx, url);
    }
}

static void
on_signal(evutil_socket_t number, short events, void *arg)
{
    (void)number;
    (void)events;
    event_base_loopbreak(arg);
}

static int
run_loop(server_t *server, const evprof_web_port_t *port, evprof_error_t *err)
{
    struct event *interrupt =
        evsignal_new(server->base, SIGINT, on_signal, server->base);
    struct event *terminate =
        evsignal_new(server->base, SIGTERM, on_signal, server->base);
    int status = EVPROF_OK;
    if (interrupt == NULL || terminate == NULL ||
        event_add(interrupt, NULL) != 0 || event_add(terminate, NULL) != 0) {
        status = evprof_fail(err, EVPROF_ENOMEM, "-http: out of memory");
    } else {
        announce(server, port);
        event_base_dispatch(server->base);
    }
    if (interrupt != NULL) {
        event_free(interrupt);
    }
    if (terminate != NULL) {
        event_free(terminate);
    }
    return status;
}

int
evprof_web_serve(evprof_site_t *site, const evprof_web_port_t *port,
                 evprof_error_t *err)
{
    server_t server = { .site = site };
    int status = read_address(&server, port->address, err);
    if (status != EVPROF_OK) {
        return status;
    }
    signal(SIGPIPE, SIG_IGN);
    server.base = event_base_new();
    server.http = server.base != NULL ? evhttp_new(server.base) : NULL;
    if (server.http == NULL) {
        status = evprof_fail(err, EVPROF_ENOMEM, "-http: out of memory");
    } else {
        evhttp_set_allowed_methods(server.http,
                                   EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
                                       EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
        evhttp_set_max_body_size(server.http, MAX_BODY);
        evhttp_set_max_headers_size(server.http, MAX_HEADERS);
        evhttp_set_gencb(server.http, on_request, &server);
        status = bind_port(&server, err);
    }
    if (status == EVPROF_OK) {
        status = run_loop(&server, port, err);
    }
    if (server.http != NULL) {
        evhttp_free(server.http);
    }
    if (server.base != NULL) {
        event_base_free(server.base);
    }
    return status;
}
