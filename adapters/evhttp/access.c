/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask. With nothing configured: peers on this machine, judged by the
 * TCP connection and nothing else. Headers can be forged and so never allow;
 * one that a proxy adds denies, as its connection says nothing about the
 * client behind it.
 */
#include "adapters/evhttp/access.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "adapters/evhttp/reply.h"

static evprof_authorize_fn authorize;
static void *authorize_ctx;

void
evprof_evhttp_set_authorize(evprof_t *prof, evprof_authorize_fn fn, void *ctx)
{
    (void)prof;
    authorize = fn;
    authorize_ctx = ctx;
}

static bool
is_loopback_v4(in_addr_t address)
{
    return ntohl(address) >> 24 == 127;
}

static bool
is_local(const struct sockaddr_storage *peer)
{
    if (peer->ss_family == AF_UNIX) {
        return true;
    }
    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)peer;
        return is_loopback_v4(in->sin_addr.s_addr);
    }
    if (peer->ss_family != AF_INET6) {
        return false;
    }
    const struct in6_addr *in6 =
        &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(in6) ||
           (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127);
}

static bool
has_local_peer(struct evhttp_request *req)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    return fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
           is_local(&peer);
}

static bool
came_through_proxy(struct evhttp_request *req)
{
    static const char *const headers[] = { "Forwarded", "X-Forwarded-For",
                                           "X-Real-IP", "Via" };
    const struct evkeyvalq *input = evhttp_request_get_input_headers(req);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (evhttp_find_header(input, headers[i]) != NULL) {
            return true;
        }
    }
    return false;
}

bool
evprof_access_allows(evprof_t *prof, struct evhttp_request *req)
{
    (void)prof;
    const char *why = NULL;
    if (!has_local_peer(req)) {
        why = "access denied: with no access rule configured, profiles are "
              "served to peers on this machine only";
    } else if (came_through_proxy(req)) {
        why = "access denied: the request came through a proxy, and no access "
              "rule is configured";
    } else if (authorize != NULL && authorize(req, authorize_ctx) != 0) {
        why = "access denied by the application";
    }
    if (why != NULL) {
        evprof_reply_error(req, 403, NULL, why);
    }
    return why == NULL;
}
