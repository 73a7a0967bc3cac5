/* SPDX-License-Identifier: Apache-2.0 */
/* A router of patterns, of which the first that matches wins: one route for all
 * profiles. usage: evprof-glob */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fnmatch.h>
#include <stdio.h>

#include <evprof/evhttp.h>

static void
serve_hello(struct evhttp_request *req, void *ctx)
{
    (void)ctx;
    evbuffer_add_printf(evhttp_request_get_output_buffer(req), "hello\n");
    evhttp_send_reply(req, HTTP_OK, NULL, NULL);
}

static const struct route {
    const char *pattern;
    void (*callback)(struct evhttp_request *req, void *ctx);
} routes[] = {
    { "/debug/pprof", evprof_evhttp_index },
    { "/debug/pprof/*", evprof_evhttp_index },
    { "/*", serve_hello },
};

static void
on_request(struct evhttp_request *req, void *ctx)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    (void)ctx;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (fnmatch(routes[i].pattern, path, 0) == 0) {
            /* NULL stands for the process's profiler. */
            routes[i].callback(req, NULL);
            return;
        }
    }
    evhttp_send_error(req, HTTP_NOTFOUND, NULL);
}

int
main(void)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound),
                    (struct sockaddr *)&address, &len) != 0) {
        return 1;
    }
    evhttp_set_gencb(http, on_request, NULL);
    printf("http://127.0.0.1:%d/\n", ntohs(address.sin_port));
    fflush(stdout);
    return event_base_dispatch(base);
}
