/* SPDX-License-Identifier: Apache-2.0 */
/* A server with a router of its own that burns CPU in named functions, and the
 * one call that gives it /debug/pprof/. usage: evprof-example [PORT] */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evhttp.h>

static uint64_t
hash_words(uint64_t words)
{
    uint64_t hash = 14695981039346656037u;
    for (uint64_t i = 0; i < words; i++) {
        hash = (hash ^ i) * 1099511628211u;
    }
    return hash;
}

static uint64_t
count_primes(uint64_t below)
{
    uint64_t count = 0;
    for (uint64_t n = 2; n < below; n++) {
        uint64_t d = 2;
        while (d * d <= n && n % d != 0) {
            d++;
        }
        count += d * d > n;
    }
    return count;
}

/* The router: a path and what it computes. */
static const struct route {
    const char *path;
    uint64_t (*work)(uint64_t size);
    uint64_t size;
} routes[] = {
    { "/hash", hash_words, 200000 },
    { "/primes", count_primes, 5000 },
};

static void
on_request(struct evhttp_request *req, void *ctx)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    struct evbuffer *out = evhttp_request_get_output_buffer(req);
    (void)ctx;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(path, routes[i].path) == 0) {
            EVPROF_LABEL("route", routes[i].path);
            unsigned long long result = routes[i].work(routes[i].size);
            evbuffer_add_printf(out, "%llu\n", result);
            evhttp_send_reply(req, HTTP_OK, NULL, NULL);
            return;
        }
    }
    evhttp_send_error(req, HTTP_NOTFOUND, NULL);
}

int
main(int argc, char **argv)
{
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", (uint16_t)port);
    struct sockaddr_in at = { .sin_family = AF_INET };
    if (bound == NULL || getsockname(evhttp_bound_socket_get_fd(bound),
                                     (void *)&at, &(socklen_t){ sizeof(at) })) {
        return EXIT_FAILURE;
    }
    evhttp_set_gencb(http, on_request, NULL);
    evprof_evhttp_mount(evprof_new(NULL, NULL), http, NULL);
    printf("http://127.0.0.1:%u/debug/pprof/\n", ntohs(at.sin_port));
    fflush(stdout);
    return event_base_dispatch(base);
}
