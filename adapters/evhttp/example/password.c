/* SPDX-License-Identifier: Apache-2.0 */
/* A server that checks a password of its own before anything is served:
 * profiles are handed on behind that check, not mounted, since mounted paths
 * would come before it. usage: evprof-password */
#include <event2/buffer.h>
#include <event2/http.h>
#include <string.h>

#include <evprof/evhttp.h>

#include "any_port.h"

/* "operator:secret" */
#define EXPECTED "Basic b3BlcmF0b3I6c2VjcmV0"

static bool
knows_password(struct evhttp_request *req)
{
    const char *sent = evhttp_find_header(evhttp_request_get_input_headers(req),
                                          "Authorization");
    return sent != NULL && strcmp(sent, EXPECTED) == 0;
}

static void
on_request(struct evhttp_request *req, void *ctx)
{
    (void)ctx;
    if (!knows_password(req)) {
        evhttp_add_header(evhttp_request_get_output_headers(req),
                          "WWW-Authenticate", "Basic realm=\"server\"");
        evhttp_send_error(req, 401, NULL);
    } else if (!evprof_evhttp_handle(NULL, req)) {
        evbuffer_add_printf(evhttp_request_get_output_buffer(req), "hello\n");
        evhttp_send_reply(req, HTTP_OK, NULL, NULL);
    }
}

int
main(void)
{
    return serve_on_any_port(on_request);
}
