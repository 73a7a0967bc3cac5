/* SPDX-License-Identifier: Apache-2.0 */
/* A server and a client for one request at a time, both over loopback. */
#include "tests/e2e/conf/http.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/http.h>
#include <evprof/evhttp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- The client ---- */

static int
connect_unix(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    assert_true(strlen(path) < sizeof(to.sun_path));
    strcpy(to.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static int
connect_tcp(const char *from, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (from != NULL) {
        struct sockaddr_in own = { .sin_family = AF_INET };
        assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
        assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    }
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

int
test_send(const test_request_t *request)
{
    int fd = request->unix_path != NULL
                 ? connect_unix(request->unix_path)
                 : connect_tcp(request->from, request->port);
    char text[4096];
    const char *root = request->path[0] == '/' ? "" : "/debug/pprof/";
    int len = snprintf(text, sizeof(text),
                       "%s %s%s HTTP/1.1\r\nHost: localhost\r\n"
                       "Connection: close\r\n%s\r\n",
                       request->method == NULL ? "GET" : request->method, root,
                       request->path,
                       request->headers == NULL ? "" : request->headers);
    assert_true(len > 0 && (size_t)len < sizeof(text));
    assert_int_equal(write(fd, text, (size_t)len), len);
    return fd;
}

int
test_receive(int fd, test_reply_t *reply)
{
    size_t len = 0;
    ssize_t n;
    do {
        n = read(fd, reply->text + len, sizeof(reply->text) - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    reply->text[len] = '\0';
    reply->status = len > 12 ? atoi(reply->text + 9) : 0;
    return reply->status;
}

int
test_get(const test_request_t *request, test_reply_t *reply)
{
    return test_receive(test_send(request), reply);
}

/* ---- The server ---- */

struct test_server {
    evprof_t *prof;
    struct event_base *base;
    struct evhttp *http;
    struct event *stop;
    int stop_fd;
    int port;
    pthread_t thread;
};

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
    struct test_server *server = arg;
    (void)fd;
    (void)what;
    evprof_evhttp_unmount(server->prof, server->http);
    event_base_loopbreak(server->base);
}

static void *
serve(void *arg)
{
    struct test_server *server = arg;
    event_base_dispatch(server->base);
    return NULL;
}

test_server_t *
test_server_start(evprof_t *prof)
{
    struct test_server *server = calloc(1, sizeof(*server));
    assert_non_null(server);
    server->prof = prof;
    server->base = event_base_new();
    server->http = evhttp_new(server->base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(server->http, "127.0.0.1", 0);
    assert_non_null(bound);
    struct sockaddr_in own = { 0 };
    socklen_t len = sizeof(own);
    assert_int_equal(getsockname(evhttp_bound_socket_get_fd(bound),
                                 (struct sockaddr *)&own, &len),
                     0);
    server->port = ntohs(own.sin_port);
    evprof_error_t err;
    assert_int_equal(evprof_evhttp_mount(prof, server->http, &err), 0);
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    server->stop =
        event_new(server->base, server->stop_fd, EV_READ, on_stop, server);
    assert_int_equal(event_add(server->stop, NULL), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

int
test_server_port(const test_server_t *server)
{
    return server->port;
}

void
test_server_stop(test_server_t *server)
{
    uint64_t one = 1;
    assert_int_equal(write(server->stop_fd, &one, sizeof(one)), sizeof(one));
    pthread_join(server->thread, NULL);
    event_free(server->stop);
    close(server->stop_fd);
    evhttp_free(server->http);
    event_base_free(server->base);
    free(server);
}

/* ---- Files ---- */

char *
test_folder(void)
{
    char *folder = strdup("/tmp/evprof-http-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

void
test_folder_remove(char *folder)
{
    char command[256];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    free(folder);
}

/* The path, in static memory. */
char *
test_file(const char *folder, const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

evprof_t *
test_profiler(const char *folder, const char *text)
{
    evprof_error_t err = { 0 };
    evprof_t *prof = evprof_new(test_file(folder, "conf", text), &err);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
    return prof;
}

int
test_port_in_log(const char *folder)
{
    char path[256];
    char line[512];
    int port = 0;
    snprintf(path, sizeof(path), "%s/log", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *at = strstr(line, "listening on 127.0.0.1:");
        port = at == NULL ? port : atoi(at + 23);
    }
    fclose(file);
    assert_true(port > 0);
    return port;
}
