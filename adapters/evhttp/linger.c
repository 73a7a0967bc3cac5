/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of the connection cannot be made internal: libevent frees a
 * bufferevent through callbacks of its events, and event_base_free() skips
 * internal ones. Instead, an internal event on a timerfd checks ten times a
 * second, until the reply is written, whether the base has any events but those
 * of the connections in this list. (A timer of libevent will not do:
 * event_base_free() fails on one that has just expired when the loop was left.)
 */
#include "adapters/evhttp/linger.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "adapters/evhttp/list_lock.h"
#include "adapters/evhttp/stale_events.h"

#define LOOK_NS 100000000L

typedef struct lingering {
    struct event_base *base;
    struct evhttp_connection *connection;
    struct bufferevent *bev; /* tells whether the connection still exists */
    struct event *event;
    int timer_fd;
    pid_t pid; /* the process that it belongs to */
    struct lingering *next;
} lingering_t;

static lingering_t *lingers; /* under the lock of the lists */

static void
unlink_linger(const lingering_t *linger)
{
    evprof_lists_enter();
    lingering_t **at = &lingers;
    while (*at != linger) {
        at = &(*at)->next;
    }
    *at = linger->next;
    evprof_lists_leave();
}

static void
release(lingering_t *linger)
{
    if (linger->event != NULL) {
        event_free(linger->event);
    }
    if (linger->timer_fd >= 0) {
        close(linger->timer_fd);
    }
    bufferevent_decref(linger->bev);
    free(linger);
}

/* libevent clears the callbacks of a bufferevent that it frees. */
static bool
is_there(const lingering_t *linger)
{
    void *connection = NULL;
    bufferevent_getcb(linger->bev, NULL, NULL, NULL, &connection);
    return connection == linger->connection;
}

/* How many times libevent counts an event: once as inserted, once for a
 * timeout. */
static int
count_of(const struct event *event)
{
    short flags = event->ev_evcallback.evcb_flags;
    return ((flags & EVLIST_INSERTED) != 0) + ((flags & EVLIST_TIMEOUT) != 0);
}

/* Whether only replies that nobody reads keep the loop running. */
static bool
is_loop_done(const lingering_t *one)
{
    int ours = 0;
    evprof_lists_enter();
    for (const lingering_t *at = lingers; at != NULL; at = at->next) {
        if (at->base == one->base && at->pid == one->pid && is_there(at)) {
            ours += count_of(&at->bev->ev_read) + count_of(&at->bev->ev_write);
        }
    }
    evprof_lists_leave();
    return event_base_get_num_events(one->base, EVENT_BASE_COUNT_ADDED) <= ours;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    lingering_t *linger = arg;
    uint64_t expiries;
    (void)what;
    if (linger->pid != getpid()) {
        event_del(linger->event);
        return;
    }
    (void)!read(fd, &expiries, sizeof(expiries));
    bool has_connection = is_there(linger);
    if (has_connection && !is_loop_done(linger)) {
        return;
    }
    struct evhttp_connection *connection = linger->connection;
    unlink_linger(linger);
    release(linger);
    if (has_connection) {
        evhttp_connection_free(connection);
    }
}

static bool
open_timer(lingering_t *linger)
{
    const struct itimerspec times = { .it_value = { .tv_nsec = LOOK_NS },
                                      .it_interval = { .tv_nsec = LOOK_NS } };
    linger->timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (linger->timer_fd < 0 ||
        timerfd_settime(linger->timer_fd, 0, &times, NULL) != 0 ||
        evprof_stale_leave(linger->base, &linger->timer_fd) != 0) {
        return false;
    }
    linger->event = event_new(linger->base, linger->timer_fd,
                              EV_READ | EV_PERSIST, on_timer, linger);
    if (linger->event == NULL) {
        return false;
    }
    linger->event->ev_evcallback.evcb_flags |= EVLIST_INTERNAL;
    return event_add(linger->event, NULL) == 0;
}

void
evprof_linger(struct evhttp_connection *connection)
{
    lingering_t *linger = calloc(1, sizeof(*linger));
    if (linger == NULL) {
        return;
    }
    linger->connection = connection;
    linger->base = evhttp_connection_get_base(connection);
    linger->bev = evhttp_connection_get_bufferevent(connection);
    linger->pid = getpid();
    linger->timer_fd = -1;
    bufferevent_incref(linger->bev);
    if (!open_timer(linger)) {
        release(linger);
        return;
    }
    evprof_lists_enter();
    linger->next = lingers;
    lingers = linger;
    evprof_lists_leave();
}
