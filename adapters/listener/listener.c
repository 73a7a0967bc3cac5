/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An evhttp and a thread of our own, for programs without evhttp. The event
 * base is private to that thread: other threads end it by writing to an
 * eventfd, so no lock of libevent is needed. evprof_free() ends it. A forked
 * child has no such thread; it closes its copies of the sockets, so that the
 * port is free as soon as the parent is gone.
 */
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <evprof/evhttp.h>

#include "adapters/evhttp/unheard_errors.h"
#include "adapters/listener/connections.h"
#include "adapters/listener/opened.h"
#include "adapters/listener/socket.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/base/self.h"
#include "core/runtime/catalog.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"

/* The largest body of a request: a long list of addresses for "symbol". */
#define MAX_BODY_BYTES ((ev_ssize_t)5 << 20)
#define MAX_HEADER_BYTES ((ev_ssize_t)64 << 10)
/* Replies to cancelled requests are written meanwhile. */
#define LINGER_US 100000
#define ACCEPT_PAUSE_US 100000
#define SPARE_DESCRIPTORS 24
/* Lets all methods through: which ones a path takes is decided in serve.c. */
#define METHODS                                                                \
    (EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |     \
     EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |               \
     EVHTTP_REQ_PATCH)

/* One of its addresses. */
typedef struct port {
    evprof_t *prof;
    evprof_socket_t socket;
    struct evhttp *http;
    bool is_taken; /* the socket belongs to `http` */
    evprof_connections_t *connections;
} port_t;

typedef struct listener {
    evprof_t *prof;
    struct event_base *base;
    struct event *stop;
    int stop_fd;
    port_t *ports;
    size_t port_count;
    pthread_t thread;
    struct listener *next;
} listener_t;

static evprof_lock_t lock;
static listener_t *listeners; /* under the lock: what a child must close */
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* ---- Fork ---- */

static void
before_fork(void)
{
    evprof_lock_enter(&lock);
}

static void
after_fork_parent(void)
{
    evprof_lock_leave(&lock);
}

static void
after_fork_child(void)
{
    for (listener_t *l = listeners; l != NULL; l = l->next) {
        for (size_t i = 0; i < l->port_count; i++) {
            evprof_own_descriptor_close(&l->ports[i].socket.own);
        }
    }
    listeners = NULL;
    evprof_lock_reset(&lock);
}

/* ---- The end of the program ---- */

/* A program that ends without evprof_free() leaves no files of sockets behind.
 * They are not closed: their thread may still serve. What this does is allowed
 * in a handler. */
__attribute__((destructor)) static void
remove_sockets(void)
{
    if (!evprof_lock_try(&lock)) {
        return;
    }
    for (listener_t *l = listeners; l != NULL; l = l->next) {
        for (size_t i = 0; i < l->port_count; i++) {
            evprof_socket_unlink(&l->ports[i].socket);
        }
    }
    evprof_lock_leave(&lock);
}

static void
watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* ---- Life ---- */

/* Others may have a copy of the socket, in a table of descriptors that this
 * thread does not see: without this, clients would wait there for ever. */
static void
end_listening(const port_t *port)
{
    if (evprof_own_descriptor_is_open(&port->socket.own)) {
        (void)shutdown(port->socket.own.fd, SHUT_RDWR);
    }
}

static void
port_free(port_t *port)
{
    end_listening(port);
    if (port->http != NULL) {
        evhttp_free(port->http);
    }
    if (!port->is_taken) {
        evprof_own_descriptor_close(&port->socket.own);
    }
    evprof_connections_free(port->connections);
    evprof_socket_forget(&port->socket);
}

static void
listener_free(listener_t *l)
{
    for (size_t i = 0; i < l->port_count; i++) {
        port_free(&l->ports[i]);
    }
    if (l->stop != NULL) {
        event_free(l->stop);
    }
    if (l->base != NULL) {
        event_base_free(l->base);
    }
    if (l->stop_fd >= 0) {
        close(l->stop_fd);
    }
    free(l->ports);
    free(l);
}

static void
link_listener(listener_t *l)
{
    evprof_lock_enter(&lock);
    l->next = listeners;
    listeners = l;
    evprof_lock_leave(&lock);
}

/* False in a forked child, which has no such thread to end. */
static bool
unlink_listener(const listener_t *l)
{
    bool found = false;
    evprof_lock_enter(&lock);
    for (listener_t **at = &listeners; *at != NULL && !found;) {
        found = *at == l;
        if (found) {
            *at = l->next;
        } else {
            at = &(*at)->next;
        }
    }
    evprof_lock_leave(&lock);
    return found;
}

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
    listener_t *l = arg;
    struct timeval linger = { .tv_usec = LINGER_US };
    (void)fd;
    (void)what;
    for (size_t i = 0; i < l->port_count; i++) {
        evprof_evhttp_unmount(l->prof, l->ports[i].http);
    }
    event_base_loopexit(l->base, &linger);
}

static void *
run_listener(void *arg)
{
    listener_t *l = arg;
    event_base_dispatch(l->base);
    return NULL;
}

/* Called by evprof_free(). */
static void
end_listener(void *ctx)
{
    listener_t *l = ctx;
    const uint64_t one = 1;
    if (!unlink_listener(l)) {
        return;
    }
    if (write(l->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one)) {
        pthread_join(l->thread, NULL);
        listener_free(l);
    }
}

/* ---- Serving ---- */

/* Serves paths that are not mounted: profiles made later, and wrong names. */
static void
serve_rest(struct evhttp_request *req, void *arg)
{
    const port_t *port = arg;
    if (!evprof_evhttp_handle(port->prof, req)) {
        evhttp_send_error(req, HTTP_NOTFOUND, NULL);
    }
}

static void
accept_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    evconnlistener_enable(arg);
}

/* Descriptors or memory are out, and the client still waits: without a pause
 * libevent would complain about that at once, for as long as it lasts. */
static void
on_accept_error(struct evconnlistener *socket, void *arg)
{
    const struct timeval pause = { .tv_usec = ACCEPT_PAUSE_US };
    (void)arg;
    if (event_base_once(evconnlistener_get_base(socket), -1, EV_TIMEOUT,
                        accept_again, socket, &pause) == 0) {
        evconnlistener_disable(socket);
    }
}

/* ---- Starting ---- */

static struct timeval
timeval_of(long long ns)
{
    return (struct timeval){ .tv_sec = (time_t)(ns / 1000000000),
                             .tv_usec = (suseconds_t)(ns % 1000000000 / 1000) };
}

/* An evhttp for the socket that is open, with its limits. */
static int
open_http(listener_t *l, port_t *port, const evprof_listen_conf_t *conf,
          evprof_error_t *err)
{
    struct timeval timeout = timeval_of(conf->send_timeout_ns);
    struct evhttp_bound_socket *bound = NULL;
    port->http = evhttp_new(l->base);
    if (port->http != NULL) {
        bound =
            evhttp_accept_socket_with_handle(port->http, port->socket.own.fd);
    }
    if (bound == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "listen %s: out of memory",
                           conf->address);
    }
    port->is_taken = true;
    struct evconnlistener *socket = evhttp_bound_socket_get_listener(bound);
    evconnlistener_set_error_cb(socket, on_accept_error);
    port->connections =
        evprof_connections_new(l->prof, l->base, port->http, socket, conf);
    if (port->connections == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "listen %s: out of memory",
                           conf->address);
    }
    evhttp_set_max_body_size(port->http, MAX_BODY_BYTES);
    evhttp_set_max_headers_size(port->http, MAX_HEADER_BYTES);
    evhttp_set_timeout_tv(port->http, &timeout);
    evhttp_set_allowed_methods(port->http, METHODS);
    evhttp_set_gencb(port->http, serve_rest, port);
    return evprof_evhttp_mount(l->prof, port->http, err);
}

/* Opens a socket for each address of the list; what is open is in the ports. */
static int
open_sockets(listener_t *l, const evprof_listen_conf_t *list,
             evprof_error_t *err)
{
    int status = EVPROF_OK;
    for (; list != NULL && status == EVPROF_OK; list = list->next) {
        port_t *port = &l->ports[l->port_count];
        port->prof = l->prof;
        status = evprof_socket_open(list->address, &port->socket, err);
        l->port_count += status == EVPROF_OK;
    }
    return status;
}

static int
open_https(listener_t *l, const evprof_listen_conf_t *list, evprof_error_t *err)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < l->port_count && status == EVPROF_OK; i++) {
        status = open_http(l, &l->ports[i], list, err);
        list = list->next;
    }
    return status;
}

/* libevent ends the program where it gets no descriptors for an event base: a
 * few more than it needs must be free, since other threads open some meanwhile.
 */
static bool
are_descriptors_free(void)
{
    int held[SPARE_DESCRIPTORS];
    int count = 0;
    while (count < SPARE_DESCRIPTORS &&
           (held[count] = eventfd(0, EFD_CLOEXEC)) >= 0) {
        count++;
    }
    for (int i = 0; i < count; i++) {
        close(held[i]);
    }
    return count == SPARE_DESCRIPTORS;
}

static int
make_base(listener_t *l, evprof_error_t *err)
{
    if (!are_descriptors_free()) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "listen: fewer than %d descriptors are left",
                           SPARE_DESCRIPTORS);
    }
    struct event_config *config = event_config_new();
    if (config != NULL) {
        /* The base is used by one thread only. */
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        l->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->base != NULL && l->stop_fd >= 0) {
        l->stop = event_new(l->base, l->stop_fd, EV_READ, on_stop, l);
    }
    if (l->stop == NULL || event_add(l->stop, NULL) != 0) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "listen: out of memory or of descriptors");
    }
    return EVPROF_OK;
}

static listener_t *
listener_new(evprof_t *prof, size_t ports)
{
    listener_t *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return NULL;
    }
    l->prof = prof;
    l->stop_fd = -1;
    l->ports = calloc(ports, sizeof(*l->ports));
    if (l->ports == NULL) {
        listener_free(l);
        return NULL;
    }
    return l;
}

static void
log_ports(const listener_t *l)
{
    for (size_t i = 0; i < l->port_count; i++) {
        char name[320];
        evprof_socket_name(&l->ports[i].socket, name);
        evprof_log(l->prof, EVPROF_LOG_INFO, "listening on %s", name);
    }
}

/* Takes over the listener, whose sockets are open. */
static int
start(listener_t *l, evprof_error_t *err)
{
    pthread_once(&fork_once, watch_forks);
    /* A filter may end a program for the calls that remove a file. */
    evprof_service_at_quick_end(evprof_self_has_seccomp() ? NULL
                                                          : remove_sockets);
    log_ports(l);
    int status =
        evprof_service_start(EVPROF_OWN_PORT, &l->thread, run_listener, l, err);
    if (status != EVPROF_OK) {
        listener_free(l);
        return status;
    }
    link_listener(l);
    status = evprof_service_at_free(l->prof, end_listener, l, err);
    if (status != EVPROF_OK) {
        end_listener(l);
    }
    return status;
}

static size_t
count(const evprof_listen_conf_t *list)
{
    size_t n = 0;
    for (; list != NULL; list = list->next) {
        n++;
    }
    return n;
}

static void
call_opened(const listener_t *l, evprof_opened_fn *opened)
{
    int *sockets = calloc(l->port_count, sizeof(*sockets));
    for (size_t i = 0; sockets != NULL && i < l->port_count; i++) {
        sockets[i] = l->ports[i].socket.own.fd;
    }
    if (sockets != NULL) {
        opened(sockets, l->port_count);
    }
    free(sockets);
}

/* All of the addresses, or none. */
static int
listen_on(evprof_t *prof, const evprof_listen_conf_t *list,
          evprof_opened_fn *opened, evprof_error_t *err)
{
    listener_t *l = listener_new(prof, count(list));
    if (l == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "listen: out of memory");
    }
    int status = open_sockets(l, list, err);
    if (status == EVPROF_OK && opened != NULL) {
        call_opened(l, opened);
    }
    if (status == EVPROF_OK) {
        status = make_base(l, err);
    }
    if (status == EVPROF_OK) {
        status = open_https(l, list, err);
    }
    if (status != EVPROF_OK) {
        listener_free(l);
        return status;
    }
    return start(l, err);
}

static int
listen_with(evprof_t *prof, const char *address, evprof_opened_fn *opened,
            evprof_error_t *err)
{
    prof = evprof_use(prof, "evprof_listen", err);
    if (prof == NULL) {
        return err->status;
    }
    if (address != NULL) {
        evprof_listen_conf_t one = { .address = address };
        evprof_listen_defaults(&one);
        return listen_on(prof, &one, opened, err);
    }
    evprof_config_t *config = evprof_settings_hold(prof);
    const evprof_listen_conf_t *list = evprof_settings_main(config)->listen;
    int status = list == NULL ? evprof_fail(err, EVPROF_ENOENT,
                                            "listen: the configuration has no "
                                            "\"listen ADDRESS:PORT;\"")
                              : listen_on(prof, list, opened, err);
    evprof_settings_release(config);
    return status;
}

int
evprof_listen(evprof_t *prof, const char *address, evprof_error_t *err)
{
    return evprof_listen_opened(prof, address, NULL, err);
}

int
evprof_listen_opened(evprof_t *prof, const char *address,
                     evprof_opened_fn *opened, evprof_error_t *err)
{
    evprof_error_t own = { .status = EVPROF_OK };
    int status = listen_with(prof, address, opened, err == NULL ? &own : err);
    return err == NULL ? evprof_unheard(status, &own) : status;
}
