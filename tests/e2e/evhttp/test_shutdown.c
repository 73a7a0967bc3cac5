/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the process's own profiler, and shutdowns with a profile in
 * flight: the loop that ends when it has no events left, evhttp_free(), a
 * client that does not read, a request on the wrong thread.
 */
#include <event2/event.h>
#include <event2/http.h>
#include <event2/thread.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/trace.h>

#include "tests/e2e/evhttp/server.h"

#define PREFIX "/debug/pprof/"
#define CMDLINE "GET " PREFIX "cmdline"
#define LONG_PROFILE "GET " PREFIX "profile?seconds=60 HTTP/1.1\r\n\r\n"

static double
now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* From now on a profile that is being taken locks out the next one, until the
 * profiler is freed. */
static void
allow_one_profile(void)
{
    char path[] = "/tmp/evprof_shutdown_XXXXXX";
    static const char text[] = "pprof { max_profiles 1; }\n";
    int fd = mkstemp(path);
    assert_true(write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
    close(fd);
    setenv("EVPROF_CONF", path, 1);
    assert_non_null(evprof_default(NULL));
    unsetenv("EVPROF_CONF");
    unlink(path);
}

static void
await_slot(double patience_s)
{
    evprof_error_t err = { .status = 0 };
    evprof_writer_t out = evprof_writer_fd(-1);
    double end_s = now_s() + patience_s;
    int status = EVPROF_ELIMIT;
    while (status == EVPROF_ELIMIT && now_s() < end_s) {
        status = evprof_cpu_start(NULL, &out, &err);
        poll(NULL, 0, 5);
    }
    if (status != 0) {
        fail_msg("%s", err.message);
    }
    (void)evprof_cpu_stop(NULL, NULL);
}

/* ---- The process's profiler ---- */

static void
test_one_line_for_every_evhttp(void **state)
{
    (void)state;
    server_t first;
    server_t second;
    server_open(&first);
    server_open(&second);
    assert_int_equal(evprof_evhttp_mount(NULL, first.http, NULL), 0);
    assert_int_equal(evprof_evhttp_mount(NULL, second.http, NULL), 0);
    server_run(&first);
    server_run(&second);
    client_await(first.port, CMDLINE, 200);
    client_await(second.port, CMDLINE, 200);
    server_close(&second);
    /* The application makes its evhttp anew. */
    server_open(&second);
    assert_int_equal(evprof_evhttp_mount(NULL, second.http, NULL), 0);
    server_run(&second);
    client_await(second.port, CMDLINE, 200);
    server_close(&second);
    server_close(&first);
    evprof_free(evprof_default(NULL));
}

static void
test_there_is_one(void **state)
{
    (void)state;
    evprof_error_t err;
    server_t s;
    server_open(&s);
    assert_int_equal(evprof_evhttp_mount(NULL, s.http, NULL), 0);
    server_run(&s);
    evprof_t *prof = evprof_default(&err);
    assert_non_null(prof);
    assert_ptr_equal(evprof_new(NULL, &err), prof);
    assert_null(evprof_new("some.conf", &err));
    assert_int_equal(err.status, EVPROF_EBUSY);
    assert_non_null(strstr(err.message, "evprof_evhttp_mount"));
    evprof_free(prof);
    assert_null(evprof_profile_new(prof, "later", &err));
    assert_int_equal(err.status, EVPROF_ESTATE);
    assert_non_null(strstr(err.message, "shut down"));
    assert_int_equal(evprof_evhttp_mount(prof, s.http, &err), EVPROF_ESTATE);
    /* The next use makes it anew. */
    assert_non_null(evprof_lookup(NULL, "goroutine"));
    server_close(&s);
    evprof_free(prof);
}

static int
refuse(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return EVPROF_ENOTSUP;
}

/* What the headers say of NULL and of writers, wherever one is taken. */
static void
test_statuses_of_the_headers(void **state)
{
    (void)state;
    evprof_error_t err;
    const evprof_writer_t bad = { .write = refuse };
    assert_int_equal(evprof_flight_write(NULL, NULL, &err), EVPROF_EINVAL);
    assert_int_equal(evprof_flight_write(NULL, &bad, &err), EVPROF_EOFF);
    assert_non_null(strstr(err.message, "flight recorder is off"));
    assert_int_equal(evprof_cpu_start(NULL, NULL, &err), EVPROF_EINVAL);
    assert_int_equal(evprof_cpu_start(NULL, &bad, &err), 0);
    assert_int_equal(evprof_cpu_start(NULL, &bad, &err), EVPROF_EBUSY);
    assert_int_equal(evprof_cpu_stop(NULL, &err), EVPROF_ENOTSUP);
    assert_int_equal(evprof_cpu_stop(NULL, &err), 0);
    evprof_profile_t *cpu = evprof_lookup(NULL, "cpu");
    assert_int_equal(evprof_profile_write(cpu, &bad, 0, &err), EVPROF_ESTATE);
    evprof_profile_t *threads = evprof_lookup(NULL, "goroutine");
    assert_int_equal(evprof_profile_write(threads, &bad, 0, &err),
                     EVPROF_ENOTSUP);
    assert_int_equal(evprof_profile_add(threads, &err, 0), EVPROF_EINVAL);
    assert_int_equal(evprof_reload(NULL, &err), EVPROF_ESTATE);
    assert_int_equal(evprof_conf_dump(NULL, &bad, &err), EVPROF_ENOTSUP);
    assert_int_equal(evprof_conf_reference(&bad, &err), EVPROF_ENOTSUP);
    assert_int_equal(evprof_evhttp_unmount(NULL, NULL), EVPROF_EINVAL);
    assert_int_equal(evprof_mount(NULL, NULL, &err), EVPROF_EINVAL);
    evprof_free(evprof_default(NULL));
}

/* The only thing that the library ever prints unasked. */
static void
test_a_failed_mount_is_said(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    char said[256] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    int first = evprof_evhttp_mount(NULL, http, NULL);
    int second = evprof_evhttp_mount(NULL, http, NULL);
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
    close(ends[0]);
    assert_int_equal(first, 0);
    assert_int_equal(second, EVPROF_EBUSY);
    assert_memory_equal(said, "evprof: mount: /debug/pprof", 27);
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    evhttp_free(http);
    event_base_free(base);
    evprof_free(evprof_default(NULL));
}

static void
test_the_environment_names_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof-default.XXXXXX";
    evprof_error_t err;
    static const char text[] = "pprof { profile goroutine off; }\n";
    int fd = mkstemp(path);
    assert_true(write(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    setenv("EVPROF_CONF", path, 1);
    assert_non_null(evprof_default(&err));
    assert_null(evprof_lookup(NULL, "goroutine"));
    evprof_free(evprof_default(NULL));
    setenv("EVPROF_CONF", "/nonexistent/evprof.conf", 1);
    assert_null(evprof_default(&err));
    assert_int_equal(err.status, EVPROF_EIO);
    unsetenv("EVPROF_CONF");
    unlink(path);
}

static void
test_nothing_is_asked_of_nothing(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_writer_t none = { NULL, NULL };
    evprof_writer_t out = evprof_writer_fd(-1);
    evprof_t *prof = evprof_default(&err);
    evprof_profile_t *profile = evprof_lookup(prof, "goroutine");
    assert_int_equal(evprof_profile_write(NULL, &out, 0, &err), EVPROF_EINVAL);
    assert_int_equal(evprof_profile_write(profile, NULL, 0, &err),
                     EVPROF_EINVAL);
    assert_int_equal(evprof_profile_write(profile, &none, 0, &err),
                     EVPROF_EINVAL);
    assert_int_equal(evprof_profile_count(NULL), -1);
    assert_null(evprof_profile_name(NULL));
    assert_int_equal(evprof_profile_add(NULL, "x", 0), EVPROF_EINVAL);
    assert_int_equal(evprof_profile_remove(NULL, "x"), EVPROF_EINVAL);
    assert_int_equal(evprof_cpu_start(prof, NULL, &err), EVPROF_EINVAL);
    assert_null(evprof_lookup(NULL, NULL));
    assert_true(evprof_profiles(NULL, NULL, 7) > 0);
    static const char *const names[] = { "",    "a/b", "a b",      "..",
                                         "a?b", "a%b", "\xc3\xa4", "a\"b" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_null(evprof_profile_new(prof, names[i], &err));
        assert_int_equal(err.status, EVPROF_EINVAL);
    }
    assert_int_equal(evprof_evhttp_mount(prof, NULL, &err), EVPROF_EINVAL);
    assert_int_equal(evprof_mount(prof, NULL, &err), EVPROF_EINVAL);
    assert_int_equal(evprof_evhttp_handler(prof, "heap", NULL), EVPROF_EINVAL);
    assert_int_equal(evprof_evhttp_unmount(prof, NULL), EVPROF_EINVAL);
    evprof_free(prof);
}

/* ---- Shutdown ---- */

/* A loop on this thread: an evhttp, one client, and a timer that does what the
 * test wants when the profile is being taken. */
typedef struct scene {
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    unsigned short port;
    int client;
} scene_t;

static void
open_scene(scene_t *scene, const char *request)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    scene->base = event_base_new();
    scene->http = evhttp_new(scene->base);
    scene->socket = evhttp_bind_socket_with_handle(scene->http, "127.0.0.1", 0);
    assert_non_null(scene->socket);
    assert_int_equal(getsockname(evhttp_bound_socket_get_fd(scene->socket),
                                 (struct sockaddr *)&address, &len),
                     0);
    scene->port = ntohs(address.sin_port);
    assert_int_equal(evprof_evhttp_mount(NULL, scene->http, NULL), 0);
    scene->client = client_connect(scene->port);
    client_send(scene->client, request);
}

static void
run_for(const scene_t *scene, long ms)
{
    struct timeval time = { ms / 1000, ms % 1000 * 1000 };
    event_base_loopexit(scene->base, &time);
    event_base_dispatch(scene->base);
}

/* No new clients; the loop may end now. */
static double
run_to_the_end(scene_t *scene)
{
    evhttp_del_accept_socket(scene->http, scene->socket);
    double began_s = now_s();
    event_base_dispatch(scene->base);
    return now_s() - began_s;
}

static void
close_scene(const scene_t *scene)
{
    evhttp_free(scene->http);
    event_base_free(scene->base);
    close(scene->client);
}

static void
test_a_profile_holds_no_loop(void **state)
{
    (void)state;
    scene_t scene;
    allow_one_profile();
    open_scene(&scene, LONG_PROFILE);
    run_for(&scene, 300);
    assert_true(run_to_the_end(&scene) < 1.0);
    close_scene(&scene);
    await_slot(1.0);
    evprof_free(evprof_default(NULL));
}

/* Each of a scraper's connections is closed with its answer. */
static void
test_an_answered_client_holds_no_loop(void **state)
{
    (void)state;
    scene_t scene;
    reply_t reply;
    open_scene(&scene, CMDLINE " HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
    run_for(&scene, 300);
    client_read(scene.client, true, &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
    assert_true(run_to_the_end(&scene) < 1.0);
    close_scene(&scene);
    evprof_free(evprof_default(NULL));
}

/* A reply that fits in no socket buffer. */
static void
test_a_client_that_does_not_read_holds_no_loop(void **state)
{
    (void)state;
    scene_t scene;
    open_scene(&scene, "GET " PREFIX "symbol HTTP/1.1\r\n\r\n");
    close(scene.client);
    scene.client = client_connect(scene.port);
    int small = 4096;
    setsockopt(scene.client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    client_send(scene.client, "POST " PREFIX "symbol HTTP/1.1\r\n"
                              "Content-Length: 4000000\r\n\r\n");
    /* One address again and again: the answer is longer than the question. */
    static char addresses[4000000];
    char one[32];
    int len = snprintf(one, sizeof(one), "0x%zx+", (size_t)run_to_the_end);
    for (size_t i = 0; i < sizeof(addresses); i++) {
        addresses[i] = one[i % (size_t)len];
    }
    size_t sent = 0;
    while (sent < sizeof(addresses)) {
        ssize_t n = send(scene.client, addresses + sent,
                         sizeof(addresses) - sent, MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        run_for(&scene, 1);
    }
    /* It has begun to be answered. */
    struct pollfd readable = { .fd = scene.client, .events = POLLIN };
    while (poll(&readable, 1, 0) == 0) {
        run_for(&scene, 10);
    }
    assert_true(run_to_the_end(&scene) < 1.0);
    close_scene(&scene);
    evprof_free(evprof_default(NULL));
}

/* Neither the loop nor anybody else runs afterwards. */
static void
test_freed_evhttp_frees_the_slot(void **state)
{
    (void)state;
    scene_t scene;
    allow_one_profile();
    open_scene(&scene, LONG_PROFILE);
    run_for(&scene, 300);
    evhttp_free(scene.http);
    await_slot(1.0);
    close(scene.client);
    evprof_free(evprof_default(NULL));
    event_base_free(scene.base);
}

/* ---- Threads ---- */

/* Each of ours has a name that begins so. */
static void
test_our_threads_are_left_out(void **state)
{
    (void)state;
    server_t s;
    reply_t reply;
    evprof_error_t err;
    server_open(&s);
    assert_int_equal(evprof_evhttp_mount(NULL, s.http, NULL), 0);
    assert_int_equal(evprof_listen(NULL, "127.0.0.1:0", &err), 0);
    server_run(&s);
    client_ask(s.port, "GET " PREFIX "goroutine?debug=2", NULL, NULL, &reply);
    assert_int_equal(reply.code, 200);
    assert_non_null(strstr(reply.body, "created by"));
    assert_null(strstr(reply.body, "\"evprof-"));
    reply_free(&reply);
    server_close(&s);
    evprof_free(evprof_default(NULL));
}

static void *
handle_elsewhere(void *req)
{
    assert_true(evprof_evhttp_handle(NULL, req));
    return NULL;
}

static void
hand_to_worker(struct evhttp_request *req, void *arg)
{
    pthread_t thread;
    (void)arg;
    pthread_create(&thread, NULL, handle_elsewhere, req);
    pthread_join(thread, NULL);
}

static void
test_the_wrong_thread_is_refused(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it is a race, and told as one */
#endif
    server_t s;
    reply_t reply;
    assert_int_equal(evthread_use_pthreads(), 0);
    server_open(&s);
    evhttp_set_gencb(s.http, hand_to_worker, NULL);
    server_run(&s);
    client_ask(s.port, CMDLINE, NULL, NULL, &reply);
    assert_int_equal(reply.code, 500);
    assert_non_null(strstr(reply.body, "thread"));
    reply_free(&reply);
    server_close(&s);
    evprof_free(evprof_default(NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line_for_every_evhttp),
        cmocka_unit_test(test_there_is_one),
        cmocka_unit_test(test_statuses_of_the_headers),
        cmocka_unit_test(test_a_failed_mount_is_said),
        cmocka_unit_test(test_the_environment_names_a_file),
        cmocka_unit_test(test_nothing_is_asked_of_nothing),
        cmocka_unit_test(test_a_profile_holds_no_loop),
        cmocka_unit_test(test_an_answered_client_holds_no_loop),
        cmocka_unit_test(test_a_client_that_does_not_read_holds_no_loop),
        cmocka_unit_test(test_freed_evhttp_frees_the_slot),
        cmocka_unit_test(test_our_threads_are_left_out),
        cmocka_unit_test(test_the_wrong_thread_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
