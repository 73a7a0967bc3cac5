/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every reply has "nosniff" and closes its connection, since an open one would
 * keep a loop running that ends when it has no events left. Errors are text
 * with X-Go-Pprof, without which `go tool pprof` does not show them. A large
 * body is added to the evbuffer by reference, since copying it would block the
 * event loop.
 */
#include "adapters/evhttp/reply.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/evhttp/linger.h"

typedef struct code_of_status {
    int status;
    int code;
} code_of_status_t;

static const code_of_status_t codes[] = {
    { EVPROF_EINVAL, 400 },    { EVPROF_EPARSE, 400 }, { EVPROF_EPERM, 403 },
    { EVPROF_ENOENT, 404 },    { EVPROF_EOFF, 404 },   { EVPROF_ENOTSUP, 501 },
    { EVPROF_ECANCELED, 503 }, { EVPROF_ESTATE, 503 }, { EVPROF_ELIMIT, 503 },
};

static int
code_of(int status)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].status == status) {
            return codes[i].code;
        }
    }
    return 500;
}

static void
add_header(struct evhttp_request *req, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

static void
start_headers(struct evhttp_request *req, const char *type)
{
    add_header(req, "X-Content-Type-Options", "nosniff");
    add_header(req, "Connection", "close");
    add_header(req, "Content-Type", type);
}

static bool
is_head(struct evhttp_request *req)
{
    return evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
}

static void
free_bytes(const void *data, size_t len, void *arg)
{
    (void)data;
    (void)len;
    evprof_buf_free(arg);
    free(arg);
}

/* Moves the bytes of `body`. If the evbuffer cannot take them the reply stays
 * empty, which the client sees as a truncated profile. */
static void
move_bytes(struct evbuffer *out, evprof_buf_t *body)
{
    evprof_buf_t *kept = body->len == 0 ? NULL : malloc(sizeof(*kept));
    if (kept == NULL) {
        evprof_buf_free(body);
        return;
    }
    *kept = *body;
    if (evbuffer_add_reference(out, kept->data, kept->len, free_bytes, kept) !=
        0) {
        free_bytes(NULL, 0, kept);
    }
    *body = (evprof_buf_t){ 0 };
}

/* Adds Content-Length, which libevent omits for HTTP/1.0: without it a
 * truncated profile would look complete. */
static void
add_length(struct evhttp_request *req, size_t len)
{
    char text[24]; /* the digits of any size_t */
    (void)snprintf(text, sizeof(text), "%zu", len);
    add_header(req, "Content-Length", text);
}

static void
send_bytes(struct evhttp_request *req, int code, evprof_buf_t *body)
{
    struct evbuffer *out = NULL;
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    size_t len = body == NULL ? 0 : body->len;
    bool is_short = is_head(req) || connection == NULL;
    if (body != NULL && !is_head(req)) {
        out = evbuffer_new();
        if (out != NULL) {
            move_bytes(out, body);
            add_length(req, evbuffer_get_length(out));
        }
    }
    evhttp_send_reply(req, code, NULL, out);
    if (len > EVPROF_LINGER_ABOVE && !is_short) {
        evprof_linger(connection);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
}

/* Adds a file name for the download, unless it has a quote or a control
 * character, which would break the header. */
static void
add_disposition(struct evhttp_request *req, const evprof_reply_t *reply)
{
    evprof_buf_t value = { 0 };
    evprof_buf_printf(&value, "attachment; filename=\"%s%s\"", reply->filename,
                      reply->is_delta ? "-delta" : "");
    bool is_plain = strpbrk(reply->filename, "\"\\\r\n") == NULL;
    if (!value.failed && is_plain) {
        add_header(req, "Content-Disposition", value.data);
    }
    evprof_buf_free(&value);
}

void
evprof_reply_send(struct evhttp_request *req, const evprof_reply_t *reply,
                  evprof_buf_t *body)
{
    if (reply->send != NULL) {
        reply->send(req, body);
        evprof_buf_free(body);
        return;
    }
    start_headers(req, reply->type);
    if (reply->filename != NULL) {
        add_disposition(req, reply);
    }
    send_bytes(req, 200, body);
    if (body != NULL) {
        evprof_buf_free(body);
    }
}

void
evprof_reply_error(struct evhttp_request *req, int code, const char *prefix,
                   const char *text)
{
    evprof_buf_t body = { 0 };
    evprof_buf_printf(&body, "%s%s\n", prefix != NULL ? prefix : "", text);
    start_headers(req, EVPROF_TYPE_TEXT);
    add_header(req, "X-Go-Pprof", "1");
    send_bytes(req, code, &body);
    evprof_buf_free(&body);
}

void
evprof_reply_status(struct evhttp_request *req, const char *prefix,
                    const evprof_error_t *err, long retry_s)
{
    int code = code_of(err->status);
    if (retry_s > 0) {
        char text[24]; /* the digits of any long */
        (void)snprintf(text, sizeof(text), "%ld", retry_s);
        add_header(req, "Retry-After", text);
    }
    evprof_reply_error(req, code, code == 500 ? prefix : NULL, err->message);
}

void
evprof_reply_redirect(struct evhttp_request *req, const char *location)
{
    start_headers(req, EVPROF_TYPE_TEXT);
    add_header(req, "Location", location);
    evprof_buf_t body = { 0 };
    evprof_buf_printf(&body, "Moved Permanently: %s\n", location);
    send_bytes(req, 301, &body);
    evprof_buf_free(&body);
}
