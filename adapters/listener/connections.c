/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evhttp reports when it makes the bufferevent of a connection, and nothing
 * more. So each is kept, and looked at a few times a second: libevent has
 * cleared the callbacks of a bufferevent that it freed. A connection carries
 * one request, as every reply closes it.
 */
#include "adapters/listener/connections.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "adapters/evhttp/pending.h"
#include "core/access/access.h"
#include "core/base/clock.h"
#include "core/runtime/catalog.h"
#include "core/runtime/settings.h"

#define LOOK_US 200000

typedef struct connection {
    struct bufferevent *bev;
    int64_t since_ns;
    bool is_judged; /* by its address */
    struct connection *next;
} connection_t;

struct evprof_connections {
    evprof_t *prof;
    struct event_base *base;
    struct evconnlistener *socket;
    evprof_listen_conf_t limits;
    struct event *timer;
    connection_t *first;
    long count;
};

/* The evhttp_connection of a bufferevent, NULL: it was freed. */
static struct evhttp_connection *
owner_of(const connection_t *connection)
{
    void *owner = NULL;
    bufferevent_getcb(connection->bev, NULL, NULL, NULL, &owner);
    return owner;
}

static void
look_soon(evprof_connections_t *connections, long us)
{
    const struct timeval soon = { .tv_usec = us };
    (void)event_add(connections->timer, &soon);
}

/* Called by evhttp for each connection that it accepts. */
static struct bufferevent *
on_new(struct event_base *base, void *arg)
{
    evprof_connections_t *connections = arg;
    connection_t *connection = calloc(1, sizeof(*connection));
    struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
    if (connection == NULL || bev == NULL) {
        free(connection);
        return bev;
    }
    bufferevent_incref(bev);
    connection->bev = bev;
    connection->since_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    connection->next = connections->first;
    connections->first = connection;
    if (++connections->count >= connections->limits.max_connections) {
        evconnlistener_disable(connections->socket);
    }
    look_soon(connections, 0);
    return bev;
}

/* Whether the rules of pprof { } and of every profile keep the address out. */
static bool
is_barred(const evprof_connections_t *connections, const struct sockaddr *peer)
{
    evprof_t *prof = connections->prof;
    evprof_config_t *config = evprof_settings_hold(prof);
    bool barred = evprof_access_bars(evprof_settings_access(config, ""), peer);
    size_t max = evprof_catalog_size(prof);
    evprof_entry_t *entries = calloc(max + 1, sizeof(*entries));
    size_t count =
        entries == NULL ? 0 : evprof_catalog_list(prof, entries, max);
    for (size_t i = 0; i < count && barred; i++) {
        barred = evprof_access_bars(
            evprof_settings_access(config, entries[i].name), peer);
    }
    free(entries);
    evprof_settings_release(config);
    return barred && count > 0;
}

static bool
is_barred_now(evprof_connections_t *connections, connection_t *connection)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd = bufferevent_getfd(connection->bev);
    if (connection->is_judged || fd < 0 ||
        getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
        !evprof_visit(connections->prof)) {
        return false;
    }
    connection->is_judged = true;
    bool barred = is_barred(connections, (const struct sockaddr *)&peer);
    evprof_leave(connections->prof);
    return barred;
}

/* Whether it has neither sent a whole request nor is being answered. */
static bool
is_overdue(const evprof_connections_t *connections,
           const connection_t *connection)
{
    int64_t age_ns = evprof_clock_ns(CLOCK_MONOTONIC) - connection->since_ns;
    return age_ns > connections->limits.request_timeout_ns &&
           !evprof_pending_has(connection->bev) &&
           evbuffer_get_length(bufferevent_get_output(connection->bev)) == 0;
}

/* Closes what has to go; true when the connection is no more. */
static bool
has_gone(evprof_connections_t *connections, connection_t *connection)
{
    struct evhttp_connection *owner = owner_of(connection);
    if (owner != NULL && !is_barred_now(connections, connection) &&
        !is_overdue(connections, connection)) {
        return false;
    }
    bufferevent_decref(connection->bev);
    if (owner != NULL) {
        evhttp_connection_free(owner);
    }
    free(connection);
    connections->count--;
    return true;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    evprof_connections_t *connections = arg;
    (void)fd;
    (void)what;
    connection_t **at = &connections->first;
    while (*at != NULL) {
        connection_t *next = (*at)->next;
        if (has_gone(connections, *at)) {
            *at = next;
        } else {
            at = &(*at)->next;
        }
    }
    if (connections->count < connections->limits.max_connections) {
        evconnlistener_enable(connections->socket);
    }
    if (connections->first != NULL) {
        look_soon(connections, LOOK_US);
    }
}

evprof_connections_t *
evprof_connections_new(evprof_t *prof, struct event_base *base,
                       struct evhttp *http, struct evconnlistener *socket,
                       const evprof_listen_conf_t *limits)
{
    evprof_connections_t *connections = calloc(1, sizeof(*connections));
    if (connections == NULL) {
        return NULL;
    }
    connections->prof = prof;
    connections->base = base;
    connections->socket = socket;
    connections->limits = *limits;
    connections->timer = event_new(base, -1, 0, on_timer, connections);
    if (connections->timer == NULL) {
        free(connections);
        return NULL;
    }
    evhttp_set_bevcb(http, on_new, connections);
    return connections;
}

void
evprof_connections_free(evprof_connections_t *connections)
{
    if (connections == NULL) {
        return;
    }
    while (connections->first != NULL) {
        connection_t *connection = connections->first;
        connections->first = connection->next;
        bufferevent_decref(connection->bev);
        free(connection);
    }
    event_free(connections->timer);
    free(connections);
}
