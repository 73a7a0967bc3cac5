/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/evhttp/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 60

struct command {
    void (*fn)(server_t *s, void *arg);
    void *arg;
};

static void
on_command(evutil_socket_t fd, short what, void *arg)
{
    server_t *s = arg;
    struct command command;
    (void)what;
    if (read(fd, &command, sizeof(command)) != sizeof(command)) {
        return;
    }
    if (command.fn != NULL) {
        command.fn(s, command.arg);
    }
    char answer = 1;
    if (command.fn == NULL || write(fd, &answer, 1) != 1) {
        event_base_loopbreak(s->base);
    }
}

void
server_open(server_t *s)
{
    *s = (server_t){ .port = 0 };
    s->base = event_base_new();
    assert_non_null(s->base);
    s->http = evhttp_new(s->base);
    assert_non_null(s->http);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(s->http, "127.0.0.1", 0);
    assert_non_null(bound);
    struct sockaddr_in at = { 0 };
    socklen_t len = sizeof(at);
    assert_int_equal(getsockname(evhttp_bound_socket_get_fd(bound),
                                 (struct sockaddr *)&at, &len),
                     0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->commands), 0);
}

static void *
run_loop(void *arg)
{
    server_t *s = arg;
    struct event *event =
        event_new(s->base, s->commands[1], EV_READ | EV_PERSIST, on_command, s);
    event_add(event, NULL);
    do {
        event_base_loop(s->base, EVLOOP_ONCE);
        atomic_fetch_add(&s->turns, 1);
    } while (!event_base_got_break(s->base));
    event_free(event);
    return NULL;
}

void
server_run(server_t *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, run_loop, s), 0);
}

void
server_call(server_t *s, void (*fn)(server_t *s, void *arg), void *arg)
{
    struct command command = { .fn = fn, .arg = arg };
    char answer;
    assert_int_equal(write(s->commands[0], &command, sizeof(command)),
                     (ssize_t)sizeof(command));
    if (fn != NULL) {
        assert_int_equal(read(s->commands[0], &answer, 1), 1);
    }
}

void
server_close(server_t *s)
{
    server_call(s, NULL, NULL);
    pthread_join(s->thread, NULL);
    if (s->http != NULL) {
        evhttp_free(s->http);
    }
    event_base_free(s->base);
    close(s->commands[0]);
    close(s->commands[1]);
}

/* ---- Client ---- */

int
client_connect(unsigned short port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval patience = { .tv_sec = PATIENCE_S };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

void
client_send(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        text += sent;
        left -= (size_t)sent;
    }
}

/* As recv; profiles of this process's threads interrupt calls with a timeout.
 */
static ssize_t
receive(int fd, void *out, size_t len)
{
    ssize_t got;
    do {
        got = recv(fd, out, len, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Byte by byte, so that nothing of the next reply is taken. */
static bool
read_head(int fd, reply_t *out)
{
    size_t len = 0;
    while (len + 1 < sizeof(out->head)) {
        if (receive(fd, out->head + len, 1) != 1) {
            return false;
        }
        out->head[++len] = '\0';
        if (len >= 4 && memcmp(out->head + len - 4, "\r\n\r\n", 4) == 0) {
            return true;
        }
    }
    return false;
}

const char *
reply_header(const reply_t *reply, const char *name)
{
    static _Thread_local char value[512];
    size_t name_len = strlen(name);
    const char *line = strstr(reply->head, "\r\n");
    while (line != NULL) {
        line += 2;
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
            const char *start = line + name_len + 2;
            size_t len = strcspn(start, "\r");
            assert_true(len < sizeof(value));
            memcpy(value, start, len);
            value[len] = '\0';
            return value;
        }
        line = strstr(line, "\r\n");
    }
    return NULL;
}

void
client_read(int fd, bool has_body, reply_t *out)
{
    *out = (reply_t){ .code = 0 };
    if (!read_head(fd, out)) {
        return;
    }
    out->code = (int)strtol(out->head + strlen("HTTP/1.1 "), NULL, 10);
    const char *length = reply_header(out, "Content-Length");
    size_t wanted = length != NULL ? strtoul(length, NULL, 10) : 0;
    out->body = calloc(1, wanted + 1);
    assert_non_null(out->body);
    while (has_body && out->body_len < wanted) {
        ssize_t got =
            receive(fd, out->body + out->body_len, wanted - out->body_len);
        if (got <= 0) {
            out->code = 0;
            return;
        }
        out->body_len += (size_t)got;
    }
}

void
client_ask(unsigned short port, const char *request, const char *headers,
           const char *body, reply_t *out)
{
    char head[2048];
    char length[64] = "";
    if (body != NULL) {
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
                 strlen(body));
    }
    snprintf(head, sizeof(head), "%s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n",
             request, headers != NULL ? headers : "", length);
    int fd = client_connect(port);
    client_send(fd, head);
    client_send(fd, body != NULL ? body : "");
    client_read(fd, strncmp(request, "HEAD ", 5) != 0, out);
    close(fd);
}

void
reply_free(reply_t *reply)
{
    free(reply->body);
    reply->body = NULL;
}

void
client_await(unsigned short port, const char *request, int code)
{
    time_t limit = time(NULL) + 20;
    for (;;) {
        reply_t reply;
        client_ask(port, request, NULL, NULL, &reply);
        reply_free(&reply);
        if (reply.code == code) {
            return;
        }
        if (time(NULL) > limit) {
            fail_msg("%s: still %d instead of %d", request, reply.code, code);
        }
    }
}
