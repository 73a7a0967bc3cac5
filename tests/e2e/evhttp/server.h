/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_EVHTTP_SERVER_H
#define TESTS_E2E_EVHTTP_SERVER_H

/*
 * An evhttp server on a thread of its own, and a client that speaks HTTP/1.1
 * over a blocking socket. libevent's locking stays off, as in a server that
 * never asked for it.
 */

#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <evprof/evhttp.h>

typedef struct server {
    struct event_base *base;
    struct evhttp *http;
    unsigned short port;
    pthread_t thread;
    int commands[2]; /* socket pair: the test's end, the loop's end */
    _Atomic unsigned long turns; /* of the loop */
} server_t;

/* Makes base, evhttp and listening socket; nothing runs yet. */
void server_open(server_t *s);

/* Starts the loop's thread. */
void server_run(server_t *s);

/* Runs `fn` in the loop and returns when it has returned. */
void server_call(server_t *s, void (*fn)(server_t *s, void *arg), void *arg);

/* Ends the loop and frees everything. */
void server_close(server_t *s);

/* ---- Client ---- */

typedef struct reply {
    int code;
    char head[4096]; /* status line and headers */
    char *body;
    size_t body_len;
} reply_t;

/* A connected socket; reading gives up after 60 s. */
int client_connect(unsigned short port);
void client_send(int fd, const char *text);

/* Reads one reply; code 0: the connection ended first. */
void client_read(int fd, bool has_body, reply_t *out);

/* Connects, sends, reads, closes. `request` is the request line's method and
 * target: "GET /x". `headers` and `body` may be NULL. */
void client_ask(unsigned short port, const char *request, const char *headers,
                const char *body, reply_t *out);
void reply_free(reply_t *reply);

/* The value of a header, or NULL; in memory of the thread's, until its next. */
const char *reply_header(const reply_t *reply, const char *name);

/* Asks until the answer has `code`; fails the test after 20 s. */
void client_await(unsigned short port, const char *request, int code);

#endif
