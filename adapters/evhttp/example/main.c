/* SPDX-License-Identifier: Apache-2.0 */
/* A server with a router of its own that burns CPU in named functions, and the
 * one call that gives it /debug/pprof/. usage: evprof-example [PORT] */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evhttp.h>

static unsigned long
hash_words(unsigned long words)
{
    unsigned long hash = 14695981039346656037ul;
    for (unsigned long i = 0; i < words; i++) {
        hash = (hash ^ i) * 1099511628211ul;
    }
    return hash;
}

static unsigned long
count_primes(unsigned long below)
{
    unsigned long count = 0;
    for (unsigned long n = 2; n < below; n++) {
        unsigned long d = 2;
        for (; d * d <= n && n % d != 0; d++) {
        }
        count += d * d > n;
    }
    return count;
}

/* The router: a path and what it computes. */
static const struct route {
    const char *path;
    unsigned long (*work)(unsigned long size);
    unsigned long size;
} routes[2] = { { "/hash", hash_words, 500000 },
                { "/primes", count_primes, 20000 } };

static void
on_request(struct evhttp_request *req, void *ctx __attribute__((unused)))
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    struct evbuffer *out = evhttp_request_get_output_buffer(req);
    for (const struct route *route = routes; route < routes + 2; route++) {
        if (strcmp(path, route->path) == 0) {
            EVPROF_LABEL("route", path);
            evbuffer_add_printf(out, "%lu\n", route->work(route->size));
            evhttp_send_reply(req, HTTP_OK, NULL, NULL);
            return;
        }
    }
    evhttp_send_error(req, HTTP_NOTFOUND, NULL);
}

int
main(int argc, char **argv)
{
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", (unsigned short)port);
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);
    if (!bound ||
        getsockname(evhttp_bound_socket_get_fd(bound), (void *)&at, &len)) {
        return EXIT_FAILURE;
    }
    evhttp_set_gencb(http, on_request, NULL);
    evprof_evhttp_mount(NULL, http, NULL);
    setlinebuf(stdout);
    printf("http://127.0.0.1:%u/debug/pprof/\n", ntohs(at.sin_port));
    return event_base_dispatch(base);
}
