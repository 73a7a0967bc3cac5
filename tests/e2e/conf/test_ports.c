/* SPDX-License-Identifier: Apache-2.0 */
/* The bounds of a private port: clients that do nothing, that are slow, that
 * are many, or that no rule lets in. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evhttp.h>

#include "tests/e2e/conf/http.h"

static char *folder;
static evprof_t *prof;
static test_reply_t reply;

static double
now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
open_port(const char *block, const char *rules)
{
    char text[512];
    evprof_error_t err;
    folder = test_folder();
    snprintf(text, sizeof(text),
             "listen 127.0.0.1:0 %s\npprof { log log info; %s }\n", block,
             rules);
    prof = test_profiler(folder, text);
    if (evprof_listen(prof, NULL, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

static void
close_port(void)
{
    evprof_free(prof);
    test_folder_remove(folder);
}

static int
connect_from(const char *from)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    inet_pton(AF_INET, from, &address.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    address.sin_port = htons((uint16_t)test_port_in_log(folder));
    assert_int_equal(
        connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* How long it takes the server to close the connection. */
static double
await_close(int fd)
{
    double began_s = now_s();
    char byte;
    struct pollfd end = { .fd = fd, .events = POLLIN };
    while (poll(&end, 1, 20000) == 1 && recv(fd, &byte, 1, 0) > 0) {
    }
    return now_s() - began_s;
}

static size_t
count_descriptors(void)
{
    size_t count = 0;
    DIR *folder_of_all = opendir("/proc/self/fd");
    assert_non_null(folder_of_all);
    while (readdir(folder_of_all) != NULL) {
        count++;
    }
    closedir(folder_of_all);
    return count - 3; /* the folder itself, and . and .. */
}

/* Both ends of a connection are in this process, and only the server's counts:
 * those that it has accepted. */
static void
test_idle_clients_take_few_descriptors(void **state)
{
    enum { CLIENTS = 300 };
    (void)state;
    int fds[CLIENTS];
    open_port("{ max_connections 16; request_timeout 1h; }", "");
    size_t before = count_descriptors();
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct sockaddr_in address = { .sin_family = AF_INET };
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        address.sin_port = htons((uint16_t)test_port_in_log(folder));
        (void)connect(fds[i], (struct sockaddr *)&address, sizeof(address));
    }
    /* It takes them in until it has its fill. */
    double end_s = now_s() + 10;
    while (count_descriptors() < before + CLIENTS + 16 && now_s() < end_s) {
        poll(NULL, 0, 5);
    }
    for (int i = 0; i < 20; i++) {
        poll(NULL, 0, 5);
        assert_true(count_descriptors() <= before + CLIENTS + 16);
    }
    for (int i = 0; i < CLIENTS; i++) {
        close(fds[i]);
    }
    /* When they have gone, others are served. */
    test_request_t request = { .port = test_port_in_log(folder),
                               .path = "cmdline" };
    assert_int_equal(test_get(&request, &reply), 200);
    close_port();
}

/* A byte now and then does not help. */
static void
test_slow_requests_end(void **state)
{
    (void)state;
    open_port("{ request_timeout 500ms; }", "");
    int silent = connect_from("127.0.0.1");
    int slow = connect_from("127.0.0.1");
    static const char request[] = "GET /debug/pprof/cmdline HTTP/1.1\r\nX: ";
    double began_s = now_s();
    assert_true(send(slow, request, sizeof(request) - 1, 0) > 0);
    while (now_s() - began_s < 0.4) {
        assert_int_equal(send(slow, "x", 1, MSG_NOSIGNAL), 1);
        poll(NULL, 0, 50);
    }
    (void)await_close(slow);
    (void)await_close(silent);
    double took_s = now_s() - began_s;
    assert_true(took_s > 0.3 && took_s < 5);
    close(slow);
    close(silent);
    /* The time that a profile takes does not count. */
    test_request_t profile = { .port = test_port_in_log(folder),
                               .path = "profile?seconds=1" };
    assert_int_equal(test_get(&profile, &reply), 200);
    close_port();
}

/* They are closed before they have sent anything. */
static void
test_barred_addresses_are_closed(void **state)
{
    (void)state;
    open_port("{ request_timeout 1h; }", "deny 127.0.0.2; allow 127.0.0.0/8;"
                                         "deny all;");
    int barred = connect_from("127.0.0.2");
    assert_true(await_close(barred) < 5);
    close(barred);
    test_request_t request = { .port = test_port_in_log(folder),
                               .from = "127.0.0.3",
                               .path = "cmdline" };
    assert_int_equal(test_get(&request, &reply), 200);
    close_port();
}

/* A profile's own rules may let in whom pprof { } keeps out. */
static void
test_nobody_is_barred_who_may_ask(void **state)
{
    (void)state;
    open_port("{ }", "deny 127.0.0.2; allow all;"
                  "profile cmdline { allow 127.0.0.2; deny all; }");
    test_request_t request = { .port = test_port_in_log(folder),
                               .from = "127.0.0.2",
                               .path = "cmdline" };
    assert_int_equal(test_get(&request, &reply), 200);
    request.path = "goroutine";
    assert_int_equal(test_get(&request, &reply), 403);
    close_port();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_clients_take_few_descriptors),
        cmocka_unit_test(test_slow_requests_end),
        cmocka_unit_test(test_barred_addresses_are_closed),
        cmocka_unit_test(test_nobody_is_barred_who_may_ask),
    };
    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
