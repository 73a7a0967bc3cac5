/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are followed: one that is dropped without an answer is
 * forgotten, though libevent's own answer to a bad one at the same address
 * comes through the same functions; and none of these functions asks the
 * loader, which may wait for a thread for ever.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>
#include <event2/http.h>

#include <evprof/evprof.h>
#include <evprof/trace.h>

#include "adapters/evhttp/requests.h"
#include "core/runtime/label_requests.h"
#include "core/runtime/request_times.h"

/* ---- What the runtime would do ---- */

_Atomic bool evprof_requests_labelled;
static bool is_tracing;
static evprof_task_t tasks;
static int ended;

bool
evprof_trace_is_enabled(void)
{
    return is_tracing;
}

evprof_task_t
evprof_task_new(evprof_task_t parent, const char *name)
{
    (void)parent;
    (void)name;
    return ++tasks;
}

void
evprof_task_end(evprof_task_t task)
{
    ended += task != 0;
}

int
evprof_region_begin(evprof_task_t task, const char *name)
{
    (void)task;
    (void)name;
    return 1;
}

void
evprof_region_end(int token)
{
    (void)token;
}

void
evprof_trace_log(evprof_task_t task, const char *key, const char *text)
{
    (void)task;
    (void)key;
    (void)text;
}

int
evprof_label_push(const char *key, const char *value)
{
    (void)key;
    (void)value;
    return 0;
}

void
evprof_label_restore(int token)
{
    (void)token;
}

/* ---- An allocator that gives an address out again at once ---- */

typedef struct block {
    size_t size;
    struct block *next;
} block_t;

static block_t *freed;
static const void *dropped;
static int dropped_is_back;

static void *
take_block(size_t size)
{
    block_t **at = &freed;
    while (*at != NULL && (*at)->size != size) {
        at = &(*at)->next;
    }
    block_t *block = *at;
    if (block != NULL) {
        *at = block->next;
    } else {
        block = malloc(sizeof(*block) + size);
        assert_non_null(block);
        block->size = size;
    }
    dropped_is_back += block + 1 == dropped;
    return block + 1;
}

static void
free_block(void *data)
{
    if (data != NULL) {
        block_t *block = (block_t *)data - 1;
        block->next = freed;
        freed = block;
    }
}

static void *
resize_block(void *data, size_t size)
{
    void *grown = take_block(size);
    if (data != NULL) {
        size_t before = ((block_t *)data - 1)->size;
        memcpy(grown, data, before < size ? before : size);
        free_block(data);
    }
    return grown;
}

/* ---- A server and its client, on one thread ---- */

static struct event_base *base;
static struct evhttp *http;
static int port;

static void
drop(evutil_socket_t fd, short what, void *req)
{
    (void)fd;
    (void)what;
    dropped = req;
    evhttp_connection_free(evhttp_request_get_connection(req));
}

static void
on_drop(struct evhttp_request *req, void *unused)
{
    const struct timeval at_once = { .tv_sec = 0 };
    (void)unused;
    event_base_once(base, -1, EV_TIMEOUT, drop, req, &at_once);
}

static void
on_answered(struct evhttp_request *req, void *unused)
{
    (void)unused;
    evhttp_send_reply(req, 200, "OK", NULL);
}

/* The code of the reply; 0: the connection was closed without one. */
static int
ask(const char *request)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char reply[1024] = "";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    ssize_t len = -1;
    while (len < 0) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        len = recv(fd, reply, sizeof(reply) - 1, MSG_DONTWAIT);
    }
    close(fd);
    event_base_loop(base, EVLOOP_NONBLOCK);
    return len < 12 ? 0 : atoi(reply + 9);
}

/* As one for the profiler itself. */
static void
on_ours(struct evhttp_request *req, void *unused)
{
    (void)unused;
    evprof_requests_disown(req);
    assert_int_equal(ended, tasks);
    evhttp_send_reply(req, 200, "OK", NULL);
}

static evprof_slow_request_t
slowest(void)
{
    evprof_slow_request_t found;
    (void)evprof_requests_slowest(0, &found);
    return found;
}

static int
open_server(void **state)
{
    (void)state;
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    base = event_base_new();
    http = evhttp_new(base);
    evhttp_set_cb(http, "/drop", on_drop, NULL);
    evhttp_set_cb(http, "/answered", on_answered, NULL);
    evhttp_set_cb(http, "/ours", on_ours, NULL);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    assert_int_equal(getsockname(evhttp_bound_socket_get_fd(bound),
                                 (struct sockaddr *)&address, &len),
                     0);
    port = ntohs(address.sin_port);
    return 0;
}

static int
close_server(void **state)
{
    (void)state;
    evhttp_free(http);
    event_base_free(base);
    libevent_global_shutdown();
    while (freed != NULL) {
        block_t *block = freed;
        freed = block->next;
        free(block);
    }
    return 0;
}

static void
test_a_dropped_request_is_forgotten(void **state)
{
    (void)state;
    atomic_store(&evprof_requests_slow_ns, 1);
    assert_int_equal(ask("GET /answered HTTP/1.0\r\n\r\n"), 200);
    assert_string_equal(slowest().name, "GET /answered");
    assert_int_equal(ask("GET /drop HTTP/1.0\r\n\r\n"), 0);
    dropped_is_back = 0;
    assert_true(ask("BREW /drop HTTP/1.0\r\n\r\n") >= 400);
    assert_true(dropped_is_back > 0);
    assert_int_equal(slowest().ns, 0);
    atomic_store(&evprof_requests_slow_ns, 0);
}

static void
test_its_task_ends(void **state)
{
    (void)state;
    is_tracing = true;
    assert_int_equal(ask("GET /drop HTTP/1.0\r\n\r\n"), 0);
    assert_int_equal(tasks, 1);
    assert_int_equal(ended, 1);
    assert_int_equal(ask("GET /answered HTTP/1.0\r\n\r\n"), 200);
    assert_int_equal(tasks, 2);
    assert_int_equal(ended, 2);
    is_tracing = false;
}

static void
test_one_for_us_is_no_latency_and_no_task(void **state)
{
    (void)state;
    atomic_store(&evprof_requests_slow_ns, 1);
    is_tracing = true;
    const int before = ended;
    assert_int_equal(ask("GET /ours HTTP/1.0\r\n\r\n"), 200);
    assert_int_equal(ended, before + 1);
    assert_int_equal(slowest().ns, 0);
    assert_int_equal(ask("GET /answered HTTP/1.0\r\n\r\n"), 200);
    assert_string_equal(slowest().name, "GET /answered");
    is_tracing = false;
    atomic_store(&evprof_requests_slow_ns, 0);
}

/* ---- The loader ---- */

/* Called by a thread that the plugin's constructor waits for. */
EVPROF_API void *while_it_loads(void *arg);

EVPROF_API void *
while_it_loads(void *arg)
{
    struct event_base *own = event_base_new();
    struct evhttp *server = evhttp_new(own);
    evhttp_set_cb(server, "/a", on_answered, NULL);
    evhttp_set_gencb(server, on_answered, NULL);
    /* Without a connection each of these only frees the request. */
    evhttp_send_reply(evhttp_request_new(NULL, NULL), 200, "OK", NULL);
    evhttp_send_error(evhttp_request_new(NULL, NULL), 404, "Not Found");
    struct evhttp_request *req = evhttp_request_new(NULL, NULL);
    evhttp_send_reply_start(req, 200, "OK");
    evhttp_send_reply_end(req);
    evhttp_request_free(evhttp_request_new(NULL, NULL));
    evhttp_free(server);
    event_base_free(own);
    return arg;
}

static void
test_calls_while_another_thread_loads(void **state)
{
    (void)state;
    assert_non_null(dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL));
}

int
main(void)
{
    /* The first, before any of the functions has been called. */
    const struct CMUnitTest loader[] = {
        cmocka_unit_test(test_calls_while_another_thread_loads),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dropped_request_is_forgotten),
        cmocka_unit_test(test_its_task_ends),
        cmocka_unit_test(test_one_for_us_is_no_latency_and_no_task),
    };
    event_set_mem_functions(take_block, resize_block, free_block);
    alarm(60); /* ends a process that hangs */
    int failed = cmocka_run_group_tests(loader, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, open_server, close_server);
}
