/* SPDX-License-Identifier: Apache-2.0 */
/* A router of patterns, of which the first that matches wins: one route for all
 * profiles. usage: evprof-glob */
#include <event2/buffer.h>
#include <event2/http.h>
#include <fnmatch.h>

#include <evprof/evhttp.h>

#include "any_port.h"

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
    return serve_on_any_port(on_request);
}
