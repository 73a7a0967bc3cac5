/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that answers as gateways and broken servers do. It logs, for each
 * request, its path and which credentials came along, so that a test can tell
 * what reached whom. /files/NAME and /encoded/NAME are files beside PROFILE,
 * the latter sent with "Content-Encoding: gzip".
 *
 * usage: odd_server ADDRESS PORT LOG PROFILE   prints a line when it listens
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIP_MS 50

/* Longer than the second within which the tool takes a failure for one that
 * came before any profile was begun. */
#define LATE_MS 1200

static FILE *log_file;
static char *profile;
static size_t profile_len;
static const char *profile_path;
static int folder_len; /* of the path, with its slash */
static atomic_int flaky_left = 2;
static atomic_int active;
static atomic_int peak;

static void
send_all(int fd, const void *data, size_t len)
{
    const char *next = data;
    while (len > 0) {
        ssize_t n = send(fd, next, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        next += n;
        len -= (size_t)n;
    }
}

static void
say(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

static void
send_profile(int fd)
{
    char head[160];
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
             "Content-Length: %zu\r\nConnection: close\r\n\r\n",
             profile_len);
    say(fd, head);
    send_all(fd, profile, profile_len);
}

static void
send_login_page(int fd)
{
    say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
            "Connection: close\r\n\r\n"
            "<!DOCTYPE html><form>Sign in <input type=password></form>");
}

static void
send_pprof_error(int fd)
{
    say(fd, "HTTP/1.1 500 Internal Server Error\r\nX-Go-Pprof: 1\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Connection: close\r\n\r\nno profile today\n");
}

static void
send_truncated(int fd)
{
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"
            "Content-Type: application/octet-stream\r\n\r\n0123456789");
}

/* Until the client has had enough. */
static void
send_endless(int fd)
{
    static const char piece[4096] = "x";
    say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
            "Connection: close\r\n\r\n");
    while (send(fd, piece, sizeof(piece), MSG_NOSIGNAL) > 0) {
    }
}

/* Nothing, until the client leaves. */
static void
send_nothing(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) > 0) {
    }
}

/* A byte now and then, until the client has had enough. */
static void
send_dripping(int fd)
{
    struct pollfd leaving = { .fd = fd, .events = POLLIN };
    say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
            "Connection: close\r\n\r\n");
    do {
        say(fd, "x");
    } while (poll(&leaving, 1, DRIP_MS) == 0);
}

/* Fails so late that a profile may have been taken. */
static void
send_late_failure(int fd)
{
    struct pollfd leaving = { .fd = fd, .events = POLLIN };
    poll(&leaving, 1, LATE_MS);
    say(fd, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n");
}

/* The profile after a moment in which others have time to come. */
static void
send_soon(int fd)
{
    poll(NULL, 0, DRIP_MS);
    send_profile(fd);
}

/* How many were served at once, at the most, since this was asked before. */
static void
send_peak(int fd)
{
    char text[120];
    snprintf(text, sizeof(text),
             "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%d\n",
             atomic_exchange(&peak, 0));
    say(fd, text);
}

static void
send_flaky(int fd)
{
    if (atomic_fetch_sub(&flaky_left, 1) > 0) {
        say(fd, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                "Connection: close\r\n\r\n");
    } else {
        send_profile(fd);
    }
}

static const struct {
    const char *path;
    void (*answer)(int fd);
} answers[] = {
    { "/ok", send_profile },        { "/login", send_login_page },
    { "/error", send_pprof_error }, { "/truncated", send_truncated },
    { "/endless", send_endless },   { "/silent", send_nothing },
    { "/flaky", send_flaky },       { "/dripping", send_dripping },
    { "/late", send_late_failure }, { "/soon", send_soon },
    { "/peak", send_peak },
};

/* A file beside the profile. */
static void
send_file(int fd, const char *name, const char *header)
{
    char path[600];
    char head[200];
    snprintf(path, sizeof(path), "%.*s%s", folder_len, profile_path, name);
    FILE *file = strchr(name, '/') == NULL ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        say(fd, "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
        return;
    }
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
             "%sConnection: close\r\n\r\n",
             header);
    say(fd, head);
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), file)) > 0;) {
        send_all(fd, piece, n);
    }
    fclose(file);
}

/* "/redirect/HOST:PORT/path": to http://HOST:PORT/path. */
static void
send_redirect(int fd, const char *to)
{
    char head[512];
    snprintf(head, sizeof(head),
             "HTTP/1.1 302 Found\r\nLocation: http://%.300s\r\n"
             "Content-Length: 0\r\nConnection: close\r\n\r\n",
             to);
    say(fd, head);
}

static bool
has_header(const char *request, const char *name)
{
    return strcasestr(request, name) != NULL;
}

static void
answer(int fd, const char *request)
{
    char path[400] = "";
    sscanf(request, "%*s %399s", path);
    if (strncmp(path, "http://", 7) == 0) {
        /* We are taken for a proxy. */
        const char *rest = strchr(path + 7, '/');
        memmove(path, rest == NULL ? "/" : rest,
                rest == NULL ? 2 : strlen(rest) + 1);
    }
    fprintf(log_file, "%s%s%s%s\n", path,
            has_header(request, "\nauthorization:") ? " authorization" : "",
            has_header(request, "\nx-secret:") ? " x-secret" : "",
            has_header(request, "\ncookie:") ? " cookie" : "");
    fflush(log_file);
    if (strncmp(path, "/redirect/", 10) == 0) {
        send_redirect(fd, path + 10);
        return;
    }
    path[strcspn(path, "?")] = '\0';
    if (strncmp(path, "/files/", 7) == 0) {
        send_file(fd, path + 7, "");
        return;
    }
    if (strncmp(path, "/encoded/", 9) == 0) {
        send_file(fd, path + 9, "Content-Encoding: gzip\r\n");
        return;
    }
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (strcmp(path, answers[i].path) == 0) {
            answers[i].answer(fd);
            return;
        }
    }
    say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n");
}

static void *
serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char request[8192];
    size_t len = 0;
    int now = atomic_fetch_add(&active, 1) + 1;
    int most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {
    }
    while (len < sizeof(request) - 1) {
        ssize_t n = recv(fd, request + len, sizeof(request) - 1 - len, 0);
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
        request[len] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL) {
            answer(fd, request);
            break;
        }
    }
    atomic_fetch_sub(&active, 1);
    close(fd);
    return NULL;
}

static bool
read_profile(const char *path)
{
    const char *slash = strrchr(path, '/');
    FILE *file = fopen(path, "rb");
    profile_path = path;
    folder_len = slash == NULL ? 0 : (int)(slash + 1 - path);
    profile = malloc(1 << 20);
    if (file == NULL || profile == NULL) {
        return false;
    }
    profile_len = fread(profile, 1, 1 << 20, file);
    fclose(file);
    return true;
}

int
main(int argc, char **argv)
{
    if (argc != 5 || !read_profile(argv[4])) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    log_file = fopen(argv[3], "a");
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port =
                                  htons((uint16_t)strtoul(argv[2], NULL, 10)) };
    inet_pton(AF_INET, argv[1], &at.sin_addr);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (log_file == NULL || bind(listener, (void *)&at, sizeof(at)) != 0 ||
        listen(listener, 256) != 0) {
        perror("odd_server");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 &&
            pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0) {
            pthread_detach(thread);
        }
    }
}
