/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in flight when the ground moves: unmount, evprof_free, evhttp_free;
 * and the ways to mount: a virtual host, several bases, a mux, own routes.
 */
#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/evhttp/server.h"

#define PREFIX "/debug/pprof/"
#define LONG_PROFILE "GET " PREFIX "profile?seconds=60&rate=50 HTTP/1.1\r\n\r\n"
#define JOINING_PROFILE "GET " PREFIX "profile?seconds=1"
/* Of another rate, so that it is refused while one is being taken. */
#define SHORT_PROFILE "GET " PREFIX "profile?seconds=1&rate=99"
#define CMDLINE "GET " PREFIX "cmdline"

static evprof_t *
new_profiler(void)
{
    evprof_error_t err = { .message = "" };
    evprof_t *prof = evprof_new(NULL, &err);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
    return prof;
}

static void
mount_on(evprof_t *prof, struct evhttp *http)
{
    evprof_error_t err;
    assert_int_equal(evprof_evhttp_mount(prof, http, &err), 0);
}

/* A connection whose profile is being taken, for the next minute. */
static int
start_long_profile(const server_t *s)
{
    int fd = client_connect(s->port);
    client_send(fd, LONG_PROFILE);
    client_await(s->port, SHORT_PROFILE, 500);
    return fd;
}

static void
expect_reply(int fd, int code)
{
    reply_t reply;
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, code);
    reply_free(&reply);
    close(fd);
}

static void
unmount(server_t *s, void *prof)
{
    assert_int_equal(evprof_evhttp_unmount(prof, s->http), 0);
    assert_int_equal(evprof_evhttp_unmount(prof, s->http), EVPROF_ENOENT);
}

static void
test_unmount_in_flight(void **state)
{
    (void)state;
    server_t s;
    evprof_t *prof = new_profiler();
    server_open(&s);
    mount_on(prof, s.http);
    server_run(&s);
    int fd = start_long_profile(&s);
    server_call(&s, unmount, prof);
    expect_reply(fd, 503);
    client_await(s.port, CMDLINE, 404);
    server_close(&s);
    evprof_free(prof);
}

static void
serve_all(struct evhttp_request *req, void *prof)
{
    assert_true(evprof_evhttp_handle(prof, req));
}

static void
test_free_in_flight(void **state)
{
    (void)state;
    server_t s;
    evprof_t *prof = new_profiler();
    server_open(&s);
    mount_on(prof, s.http);
    server_run(&s);
    int fd = start_long_profile(&s);
    evprof_free(prof);
    expect_reply(fd, 503);
    /* The routes are still bound, and their arguments still good. */
    client_await(s.port, CMDLINE, 503);
    client_await(s.port, "GET " PREFIX, 503);
    assert_ptr_equal(new_profiler(), prof);
    client_await(s.port, CMDLINE, 200);
    server_close(&s);
    evprof_free(prof);
}

#define LIVES 200

struct asker {
    unsigned short port;
    _Atomic bool is_over;
    int answers[2]; /* 200 and 503 */
};

static void *
run_asker(void *arg)
{
    struct asker *asker = arg;
    while (!atomic_load(&asker->is_over)) {
        reply_t reply;
        client_ask(asker->port, "HEAD " PREFIX "my.own", NULL, NULL, &reply);
        assert_true(reply.code == 200 || reply.code == 404 ||
                    reply.code == 503);
        asker->answers[reply.code == 503]++;
        reply_free(&reply);
    }
    return NULL;
}

/* The profiler goes and comes while its loop is asked all the time. */
static void
test_free_beside_requests(void **state)
{
    (void)state;
    server_t s;
    pthread_t thread;
    evprof_t *prof = new_profiler();
    server_open(&s);
    evhttp_set_gencb(s.http, serve_all, prof);
    server_run(&s);
    struct asker asker = { .port = s.port };
    assert_int_equal(pthread_create(&thread, NULL, run_asker, &asker), 0);
    for (int i = 0; i < LIVES; i++) {
        assert_non_null(evprof_profile_new(prof, "my.own", NULL));
        client_await(s.port, CMDLINE, 200);
        evprof_free(prof);
        assert_ptr_equal(new_profiler(), prof);
    }
    atomic_store(&asker.is_over, true);
    pthread_join(thread, NULL);
    assert_true(asker.answers[0] > 0);
    server_close(&s);
    evprof_free(prof);
}

static void
free_evhttp(server_t *s, void *arg)
{
    (void)arg;
    evhttp_free(s->http);
    s->http = NULL;
}

/* Gives the loop a turn, in which it also finds what is ready by then. */
static void
do_nothing(server_t *s, void *arg)
{
    (void)s;
    (void)arg;
}

/* The connection goes at once; the request is dropped when the worker is done,
 * which evprof_free() brings about. */
static void
test_evhttp_free_in_flight(void **state)
{
    (void)state;
    server_t s;
    evprof_t *prof = new_profiler();
    server_open(&s);
    mount_on(prof, s.http);
    server_run(&s);
    int fd = start_long_profile(&s);
    server_call(&s, free_evhttp, NULL);
    expect_reply(fd, 0);
    evprof_free(prof);
    server_call(&s, do_nothing, NULL);
    server_close(&s);
}

/* event_base_dispatch() returns when only we are left: before the first
 * request, and after the last. */
static void
test_loop_may_end(void **state)
{
    (void)state;
    evprof_t *prof = new_profiler();
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    mount_on(prof, http);
    assert_int_equal(event_base_dispatch(base), 1);
    evhttp_free(http);
    event_base_free(base);
    evprof_free(prof);
}

static void
test_path_taken(void **state)
{
    (void)state;
    evprof_t *prof = new_profiler();
    evprof_error_t err;
    struct event_base *base = event_base_new();
    /* One that goes without unmounting, likely to leave its address behind. */
    struct evhttp *http = evhttp_new(base);
    mount_on(prof, http);
    evhttp_free(http);
    http = evhttp_new(base);
    evhttp_set_cb(http, PREFIX "symbol", evprof_evhttp_symbol, prof);
    assert_int_equal(evprof_evhttp_mount(prof, http, &err), EVPROF_EBUSY);
    assert_string_equal(err.message,
                        "mount: " PREFIX "symbol is taken already");
    /* Nothing stayed bound but what was there. */
    assert_int_equal(evhttp_del_cb(http, PREFIX "symbol"), 0);
    assert_int_equal(evhttp_del_cb(http, PREFIX), -1);
    /* A second mount is refused and leaves the first one alone. */
    mount_on(prof, http);
    assert_int_equal(evprof_evhttp_mount(prof, http, &err), EVPROF_EBUSY);
    assert_int_equal(evprof_evhttp_unmount(prof, http), 0);
    assert_int_equal(evprof_evhttp_unmount(prof, http), EVPROF_ENOENT);
    evhttp_free(http);
    event_base_free(base);
    evprof_free(prof);
}

static void
test_virtual_host(void **state)
{
    (void)state;
    server_t s;
    evprof_t *prof = new_profiler();
    server_open(&s);
    struct evhttp *host = evhttp_new(s.base);
    evhttp_add_virtual_host(s.http, "inner.test", host);
    mount_on(prof, host);
    server_run(&s);
    reply_t reply;
    client_ask(s.port, "GET http://inner.test" PREFIX "cmdline", NULL, NULL,
               &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
    client_await(s.port, CMDLINE, 404);
    server_close(&s);
    evprof_free(prof);
}

/* Two loops, each with requests of its own in flight: one takes the CPU
 * profile, the other is told that it is taken, and both serve on. */
static void
test_several_bases(void **state)
{
    (void)state;
    server_t a;
    server_t b;
    evprof_t *prof = new_profiler();
    server_open(&a);
    server_open(&b);
    mount_on(prof, a.http);
    mount_on(prof, b.http);
    server_run(&a);
    server_run(&b);
    int fd = start_long_profile(&a);
    client_await(b.port, SHORT_PROFILE, 500);
    client_await(b.port, CMDLINE, 200);
    client_await(a.port, CMDLINE, 200);
    close(fd);
    client_await(b.port, SHORT_PROFILE, 200);
    server_close(&a);
    server_close(&b);
    evprof_free(prof);
}

/* ---- A router of the application's own ---- */

#define BINDINGS_MAX 64

struct binding {
    char path[128];
    void (*callback)(struct evhttp_request *, void *);
    void *arg;
};

struct router {
    struct binding bindings[BINDINGS_MAX];
    size_t count;
    const char *refused;
};

static int
bind_path(void *ctx, const char *path,
          void (*callback)(struct evhttp_request *, void *), void *arg)
{
    struct router *r = ctx;
    if (r->refused != NULL && strcmp(path, r->refused) == 0) {
        return -77;
    }
    assert_true(r->count < BINDINGS_MAX);
    struct binding *binding = &r->bindings[r->count++];
    snprintf(binding->path, sizeof(binding->path), "%s", path);
    binding->callback = callback;
    binding->arg = arg;
    return 0;
}

static void
route(struct evhttp_request *req, void *ctx)
{
    const struct router *r = ctx;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->bindings[i].path, path) == 0) {
            r->bindings[i].callback(req, r->bindings[i].arg);
            return;
        }
    }
    evhttp_send_error(req, 418, NULL);
}

static void
test_mux(void **state)
{
    (void)state;
    server_t s;
    static struct router router;
    evprof_t *prof = new_profiler();
    evprof_error_t err;
    evprof_mux_t mux = { .handle = bind_path, .ctx = &router };
    assert_int_equal(evprof_mount(prof, &mux, &err), 0);
    server_open(&s);
    evhttp_set_gencb(s.http, route, &router);
    server_run(&s);
    client_await(s.port, "GET " PREFIX, 200);
    client_await(s.port, "GET /debug/pprof", 301);
    client_await(s.port, CMDLINE, 200);
    client_await(s.port, SHORT_PROFILE, 200);
    client_await(s.port, "GET " PREFIX "status", 200);
    client_await(s.port, "GET " PREFIX "trace?seconds=0.01", 200);
    client_await(s.port, "GET " PREFIX "nope", 418);
    server_close(&s);

    static struct router strict = { .refused = PREFIX "profile" };
    mux.ctx = &strict;
    assert_int_equal(evprof_mount(prof, &mux, &err), -77);
    assert_string_equal(err.message,
                        "mount: the mux refused " PREFIX "profile");
    evprof_free(prof);
}

static void
test_own_routes(void **state)
{
    (void)state;
    server_t s;
    evprof_t *prof = new_profiler();
    evprof_route_t route_of_cmdline;
    evprof_route_t later;
    assert_int_equal(evprof_evhttp_handler(prof, "", &later), EVPROF_EINVAL);
    assert_int_equal(evprof_evhttp_handler(prof, "cmdline", &route_of_cmdline),
                     0);
    assert_int_equal(evprof_evhttp_handler(prof, "made later", &later), 0);
    server_open(&s);
    evhttp_set_cb(s.http, "/my/args", route_of_cmdline.callback,
                  route_of_cmdline.arg);
    evhttp_set_cb(s.http, "/my/later", later.callback, later.arg);
    evhttp_set_cb(s.http, "/my/", evprof_evhttp_index, prof);
    evhttp_set_cb(s.http, "/my/profile", evprof_evhttp_profile, prof);
    evhttp_set_cb(s.http, "/my/trace", evprof_evhttp_trace, prof);
    server_run(&s);
    client_await(s.port, "GET /my/args", 200);
    client_await(s.port, "GET /my/later", 404);
    client_await(s.port, "GET /my/", 200);
    client_await(s.port, "GET /my/profile?seconds=1", 200);
    client_await(s.port, "GET /my/trace?seconds=0.01", 200);
    server_close(&s);
    evprof_free(prof);
}

static void
test_one_at_a_time(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_t *prof = new_profiler();
    assert_ptr_equal(evprof_new(NULL, &err), prof);
    assert_null(evprof_new("another.conf", &err));
    assert_int_equal(err.status, EVPROF_EBUSY);
    evprof_free(prof);
    evprof_free(prof);
    prof = new_profiler();
    evprof_free(prof);
    evprof_free(NULL);
}

/* A region of the program and profiles over HTTP go on side by side. */
static void
test_region_locks_nobody_out(void **state)
{
    (void)state;
    server_t s;
    evprof_error_t err;
    evprof_t *prof = new_profiler();
    server_open(&s);
    mount_on(prof, s.http);
    server_run(&s);
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    evprof_writer_t out = evprof_writer_file(file);
    assert_int_equal(evprof_cpu_stop(prof, &err), 0);
    assert_int_equal(evprof_cpu_start(prof, &out, &err), 0);
    assert_int_equal(evprof_cpu_start(prof, &out, &err), EVPROF_EBUSY);
    assert_string_equal(err.message, "cpu profiling already in use");
    client_await(s.port, JOINING_PROFILE, 200);
    assert_int_equal(evprof_cpu_stop(prof, &err), 0);
    fclose(file);
    assert_true(len > 2);
    assert_memory_equal(text, "\x1f\x8b", 2);
    free(text);
    client_await(s.port, SHORT_PROFILE, 200);
    server_close(&s);
    evprof_free(prof);
}

static void
test_write_to_evbuffer(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_t *prof = new_profiler();
    struct evbuffer *buffer = evbuffer_new();
    evprof_writer_t out = evprof_writer_evbuffer(buffer);
    evprof_profile_t *threads = evprof_lookup(prof, "goroutine");
    assert_non_null(threads);
    assert_true(evprof_profile_count(threads) >= 1);
    assert_int_equal(evprof_profile_write(threads, &out, 1, &err), 0);
    char *line = evbuffer_readln(buffer, NULL, EVBUFFER_EOL_LF);
    assert_non_null(line);
    assert_memory_equal(line, "goroutine profile: total ", 25);
    free(line);
    evbuffer_free(buffer);
    assert_int_equal(
        evprof_profile_write(evprof_lookup(prof, "cpu"), &out, 0, &err),
        EVPROF_ESTATE);
    evprof_free(prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_unmount_in_flight),
        cmocka_unit_test(test_free_in_flight),
        cmocka_unit_test(test_free_beside_requests),
        cmocka_unit_test(test_evhttp_free_in_flight),
        cmocka_unit_test(test_loop_may_end),
        cmocka_unit_test(test_path_taken),
        cmocka_unit_test(test_virtual_host),
        cmocka_unit_test(test_several_bases),
        cmocka_unit_test(test_mux),
        cmocka_unit_test(test_own_routes),
        cmocka_unit_test(test_region_locks_nobody_out),
        cmocka_unit_test(test_write_to_evbuffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
