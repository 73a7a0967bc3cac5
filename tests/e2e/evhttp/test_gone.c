/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that leaves while its profile is being taken: by FIN and by RST,
 * with and without a pipelined request, sent together with the first or later.
 * The profile is cancelled, so that the one CPU slot is free again, the server
 * lives, and its loop has not turned idly meanwhile.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/evhttp/server.h"

#define LONG_PROFILE                                                           \
    "GET /debug/pprof/profile?seconds=60&rate=50 HTTP/1.1\r\n\r\n"
#define SHORT_PROFILE "GET /debug/pprof/profile?seconds=1&rate=99"
#define PIPELINED "GET /debug/pprof/cmdline HTTP/1.1\r\n\r\n"

/* Far more than connections, requests and replies need, far less than a loop
 * that spins makes in the second of a profile. */
#define TURNS_MAX 20000u

static evprof_t *prof;
static server_t server;

enum leaving { LEAVES_BY_FIN, LEAVES_BY_RST };
enum pipelining { PIPELINES_NOTHING, PIPELINES_AT_ONCE, PIPELINES_LATER };

static void
leave(int fd, enum leaving how)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };
    if (how == LEAVES_BY_RST) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    close(fd);
}

static void
check_leaving(enum leaving how, enum pipelining pipelining)
{
    unsigned long before = atomic_load(&server.turns);
    int fd = client_connect(server.port);
    client_send(fd, pipelining == PIPELINES_AT_ONCE ? LONG_PROFILE PIPELINED
                                                    : LONG_PROFILE);
    client_await(server.port, SHORT_PROFILE, 500);
    if (pipelining == PIPELINES_LATER) {
        client_send(fd, PIPELINED);
        /* Another request makes sure that the loop has seen it. */
        client_await(server.port, SHORT_PROFILE, 500);
    }
    leave(fd, how);
    client_await(server.port, SHORT_PROFILE, 200);
    assert_in_range(atomic_load(&server.turns) - before, 1, TURNS_MAX);
}

static void
test_fin(void **state)
{
    (void)state;
    check_leaving(LEAVES_BY_FIN, PIPELINES_NOTHING);
}

static void
test_fin_pipelined(void **state)
{
    (void)state;
    check_leaving(LEAVES_BY_FIN, PIPELINES_AT_ONCE);
    check_leaving(LEAVES_BY_FIN, PIPELINES_LATER);
}

static void
test_rst(void **state)
{
    (void)state;
    check_leaving(LEAVES_BY_RST, PIPELINES_NOTHING);
}

static void
test_rst_pipelined(void **state)
{
    (void)state;
    check_leaving(LEAVES_BY_RST, PIPELINES_AT_ONCE);
    check_leaving(LEAVES_BY_RST, PIPELINES_LATER);
}

/* One who stays gets its answer; the connection is closed behind it, so what
 * was pipelined is not served. */
static void
test_pipelined_and_staying(void **state)
{
    (void)state;
    unsigned long before = atomic_load(&server.turns);
    reply_t reply;
    int fd = client_connect(server.port);
    client_send(fd, SHORT_PROFILE " HTTP/1.1\r\n\r\n" PIPELINED);
    client_send(fd, PIPELINED);
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, 200);
    assert_string_equal(reply_header(&reply, "Content-Disposition"),
                        "attachment; filename=\"profile\"");
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    reply_free(&reply);
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, 0);
    reply_free(&reply);
    close(fd);
    assert_in_range(atomic_load(&server.turns) - before, 1, TURNS_MAX);
}

/* Who has sent all it will and goes on reading gets what was recorded so far; a
 * server that a SIGPIPE would end treats it as gone. */
static void
test_half_closed(void **state)
{
    (void)state;
    reply_t reply;
    signal(SIGPIPE, SIG_IGN);
    int fd = client_connect(server.port);
    client_send(fd, LONG_PROFILE);
    client_await(server.port, SHORT_PROFILE, 500);
    shutdown(fd, SHUT_WR);
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, 200);
    assert_string_equal(reply_header(&reply, "Content-Disposition"),
                        "attachment; filename=\"profile\"");
    assert_in_range(reply.body_len, 100, 1 << 24);
    reply_free(&reply);
    close(fd);

    fd = client_connect(server.port);
    client_send(fd, "GET /debug/pprof/goroutine HTTP/1.1\r\n\r\n");
    shutdown(fd, SHUT_WR);
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
    close(fd);

    signal(SIGPIPE, SIG_DFL);
    fd = client_connect(server.port);
    client_send(fd, LONG_PROFILE);
    client_await(server.port, SHORT_PROFILE, 500);
    shutdown(fd, SHUT_WR);
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, 0);
    reply_free(&reply);
    close(fd);
}

/* Those that leave altogether are no harm to a server that ignores SIGPIPE. */
static void
test_leaving_ignored(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    check_leaving(LEAVES_BY_FIN, PIPELINES_NOTHING);
    check_leaving(LEAVES_BY_RST, PIPELINES_NOTHING);
    check_leaving(LEAVES_BY_FIN, PIPELINES_AT_ONCE);
    check_leaving(LEAVES_BY_FIN, PIPELINES_LATER);
    signal(SIGPIPE, SIG_DFL);
}

/* The application's close callback is still there, and hears of it. */
static _Atomic int closed;

static void
on_close(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    (void)arg;
    atomic_fetch_add(&closed, 1);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
    (void)arg;
    evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_close,
                                  NULL);
    if (!evprof_evhttp_handle(prof, req)) {
        evhttp_send_error(req, HTTP_NOTFOUND, NULL);
    }
}

static void
switch_to_generic(server_t *s, void *arg)
{
    (void)arg;
    assert_int_equal(evprof_evhttp_unmount(prof, s->http), 0);
    evhttp_set_gencb(s->http, on_request, NULL);
}

static void
test_close_callback_stays(void **state)
{
    (void)state;
    server_call(&server, switch_to_generic, NULL);
    int fd = client_connect(server.port);
    client_send(fd, LONG_PROFILE);
    client_await(server.port, SHORT_PROFILE, 500);
    int before = atomic_load(&closed);
    leave(fd, LEAVES_BY_RST);
    client_await(server.port, SHORT_PROFILE, 200);
    assert_true(atomic_load(&closed) > before);
}

static int
open_server(void **state)
{
    (void)state;
    evprof_error_t err;
    prof = evprof_new(NULL, &err);
    assert_non_null(prof);
    server_open(&server);
    assert_int_equal(evprof_evhttp_mount(prof, server.http, &err), 0);
    server_run(&server);
    return 0;
}

static int
close_server(void **state)
{
    (void)state;
    server_close(&server);
    evprof_free(prof);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fin),
        cmocka_unit_test(test_fin_pipelined),
        cmocka_unit_test(test_rst),
        cmocka_unit_test(test_rst_pipelined),
        cmocka_unit_test(test_pipelined_and_staying),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_leaving_ignored),
        cmocka_unit_test(test_close_callback_stays),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
