/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a client sends over a real connection to a mounted evhttp: it is
 * answered or closed, and the server lives. The bytes are a path below the
 * prefix and what follows, or with a first byte of '!' the whole stream.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/util.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evhttp.h>

#include "tests/fuzz/fuzz.h"

static struct event_base *base;
static struct sockaddr_in address;

static void
be_silent(int severity, const char *text)
{
    (void)severity;
    (void)text;
}

static void
start(void)
{
    socklen_t len = sizeof(address);
    event_set_log_callback(be_silent);
    base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    if (bound == NULL || evprof_evhttp_mount(NULL, http, NULL) != 0 ||
        getsockname(evhttp_bound_socket_get_fd(bound),
                    (struct sockaddr *)&address, &len) != 0) {
        abort();
    }
}

/* Long windows are no matter of bytes: such requests are left alone. */
static bool
asks_for_time(const uint8_t *data, size_t len)
{
    return memmem(data, len, "seconds", 7) != NULL ||
           memmem(data, len, "%", 1) != NULL ||
           memmem(data, len, "profile", 7) != NULL ||
           memmem(data, len, "wall", 4) != NULL ||
           memmem(data, len, "fgprof", 6) != NULL ||
           memmem(data, len, "trace", 5) != NULL;
}

static void
converse(int fd)
{
    char reply[4096];
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    for (int turns = 0; turns < 20000; turns++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        if (poll(&readable, 1, 0) == 1 &&
            recv(fd, reply, sizeof(reply), 0) <= 0) {
            return;
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char head[] = "GET /debug/pprof/";
    if (base == NULL) {
        start();
    }
    if (len == 0 || len > 4096 || asks_for_time(data, len)) {
        return 0;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        abort();
    }
    if (data[0] != '!') {
        (void)!send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL);
        (void)!send(fd, data, len, MSG_NOSIGNAL);
        (void)!send(fd, " HTTP/1.1\r\n\r\n", 13, MSG_NOSIGNAL);
    } else {
        (void)!send(fd, data + 1, len - 1, MSG_NOSIGNAL);
    }
    shutdown(fd, SHUT_WR);
    converse(fd);
    close(fd);
    event_base_loop(base, EVLOOP_NONBLOCK);
    return 0;
}
