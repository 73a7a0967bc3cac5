/* SPDX-License-Identifier: Apache-2.0 */
/* What all the small examples do once their router is set up. */
#include "any_port.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>

int
serve_on_any_port(void (*on_request)(struct evhttp_request *req, void *ctx))
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    if (bound == NULL || getsockname(evhttp_bound_socket_get_fd(bound),
                                     (struct sockaddr *)&address, &len) != 0) {
        return 1;
    }
    evhttp_set_gencb(http, on_request, NULL);
    printf("http://127.0.0.1:%d/\n", ntohs(address.sin_port));
    fflush(stdout);
    return event_base_dispatch(base);
}
