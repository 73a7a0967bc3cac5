/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/push/grpc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/push.pb-c.h"

#define WRITERAW "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw"

enum { FRAME_BYTES = 5 };

/* One connection, which has one request at a time. */
typedef struct connection {
    grpc_server_t *server;
    int fd;
    char path[128];
    char type[64];
    char te[32];
    char method[8];
    uint8_t *body;
    size_t len;
    size_t sent; /* of the empty answer */
} connection_t;

static nghttp2_nv
field(const char *name, const char *value)
{
    return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name,
                         .value = (uint8_t *)(uintptr_t)value,
                         .namelen = strlen(name),
                         .valuelen = strlen(value) };
}

static ssize_t
on_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags,
        void *arg)
{
    const connection_t *c = arg;
    (void)session;
    (void)flags;
    ssize_t n;
    do {
        n = send(c->fd, data, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : n;
}

static void
keep_field(const char *name, const char *wanted, const uint8_t *value,
           size_t len, char *out, size_t size)
{
    if (strcmp(name, wanted) == 0) {
        (void)snprintf(out, size, "%.*s", (int)len, (const char *)value);
    }
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
          const uint8_t *name, size_t name_len, const uint8_t *value,
          size_t len, uint8_t flags, void *arg)
{
    connection_t *c = arg;
    const char *text = (const char *)name;
    (void)session;
    (void)frame;
    (void)name_len;
    (void)flags;
    keep_field(text, ":path", value, len, c->path, sizeof(c->path));
    keep_field(text, ":method", value, len, c->method, sizeof(c->method));
    keep_field(text, "content-type", value, len, c->type, sizeof(c->type));
    keep_field(text, "te", value, len, c->te, sizeof(c->te));
    return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t stream,
        const uint8_t *data, size_t len, void *arg)
{
    connection_t *c = arg;
    (void)session;
    (void)flags;
    (void)stream;
    c->body = realloc(c->body, c->len + len);
    assert_non_null(c->body);
    memcpy(c->body + c->len, data, len);
    c->len += len;
    return 0;
}

/* An answer without content, and the status after it. */
static ssize_t
read_answer(nghttp2_session *session, int32_t stream, uint8_t *out, size_t len,
            uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    connection_t *c = arg;
    (void)source;
    assert_true(len >= FRAME_BYTES);
    memset(out, 0, FRAME_BYTES);
    *flags = NGHTTP2_DATA_FLAG_EOF;
    if (atomic_load(&c->server->code) >= 0) {
        nghttp2_nv status = field("grpc-status", "0");
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        assert_int_equal(nghttp2_submit_trailer(session, stream, &status, 1),
                         0);
    }
    return FRAME_BYTES;
}

/* Keeps the profile of the request. */
static void
take(connection_t *c)
{
    engine_profile_t profile = { .way = "writeraw" };
    assert_true(c->len > FRAME_BYTES);
    size_t len = (size_t)c->body[1] << 24 | (size_t)c->body[2] << 16 |
                 (size_t)c->body[3] << 8 | c->body[4];
    assert_int_equal(c->body[0], 0);
    assert_int_equal(len, c->len - FRAME_BYTES);
    Evprof__Pb__RawRequest *request =
        evprof__pb__raw_request__unpack(NULL, len, c->body + FRAME_BYTES);
    assert_non_null(request);
    assert_int_equal(request->n_series, 1);
    const Evprof__Pb__RawSeries *series = request->series[0];
    assert_int_equal(series->n_samples, 1);
    for (size_t i = 0; i < series->labels->n_labels; i++) {
        const Evprof__Pb__PushLabel *l = series->labels->labels[i];
        engine_add_label(&profile, l->name, l->value);
    }
    engine_read(series->samples[0]->profile.data,
                series->samples[0]->profile.len, &profile);
    evprof__pb__raw_request__free_unpacked(request, NULL);
    engine_keep(c->server->engine, &profile);
}

static void
answer(nghttp2_session *session, int32_t stream, connection_t *c)
{
    int code = atomic_load(&c->server->code);
    char digits[16];
    (void)snprintf(digits, sizeof(digits), "%d", code);
    const nghttp2_nv fields[] = { field(":status", "200"),
                                  field("content-type", "application/grpc"),
                                  field("grpc-status", digits),
                                  field("grpc-message", c->server->message) };
    if (code > 0) {
        atomic_fetch_add(&c->server->refused, 1);
        assert_int_equal(
            nghttp2_submit_response(session, stream, fields, 4, NULL), 0);
        return;
    }
    if (code == 0) {
        take(c);
    } else {
        atomic_fetch_add(&c->server->refused, 1);
    }
    nghttp2_data_provider body = { .read_callback = read_answer };
    assert_int_equal(nghttp2_submit_response(session, stream, fields, 2, &body),
                     0);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    connection_t *c = arg;
    bool is_request =
        frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (!is_request || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        return 0;
    }
    assert_string_equal(c->method, "POST");
    assert_string_equal(c->path, WRITERAW);
    assert_string_equal(c->te, "trailers");
    assert_int_equal(strncmp(c->type, "application/grpc", 16), 0);
    answer(session, frame->hd.stream_id, c);
    free(c->body);
    c->body = NULL;
    c->len = 0;
    return 0;
}

static void
serve(connection_t *c)
{
    nghttp2_session_callbacks *calls;
    nghttp2_session *session;
    uint8_t piece[16384];
    ssize_t n = 1;
    assert_int_equal(nghttp2_session_callbacks_new(&calls), 0);
    nghttp2_session_callbacks_set_send_callback(calls, on_send);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    assert_int_equal(nghttp2_session_server_new(&session, calls, c), 0);
    nghttp2_session_callbacks_del(calls);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    while (nghttp2_session_send(session) == 0 &&
           (n = recv(c->fd, piece, sizeof(piece), 0)) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 || nghttp2_session_mem_recv(session, piece, (size_t)n) != n) {
            break;
        }
    }
    nghttp2_session_del(session);
    free(c->body);
    close(c->fd);
}

static void *
run(void *arg)
{
    grpc_server_t *s = arg;
    connection_t c = { .server = s };
    while ((c.fd = accept(s->listener, NULL, NULL)) >= 0 || errno == EINTR) {
        if (c.fd >= 0) {
            atomic_fetch_add(&s->connections, 1);
            serve(&c);
            c = (connection_t){ .server = s };
        }
    }
    return NULL;
}

void
grpc_open(grpc_server_t *s, engine_t *engine)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);
    *s = (grpc_server_t){ .engine = engine, .message = "not%20now" };
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(s->listener, 16), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

void
grpc_close(grpc_server_t *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}
