/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mount auto;`: the functions that give an evhttp its first socket stand here
 * in front of libevent's, since that is when a program has made one and set it
 * up, and is on the thread that will run it. Its callbacks are left alone;
 * paths of ours that it has taken itself are a line in the log.
 */
#include "adapters/preload/mounted.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <evprof/export.h>

#include "adapters/preload/port.h"
#include "core/base/look_up.h"
#include "core/runtime/service.h"

struct evhttp;
struct evhttp_bound_socket;
struct evconnlistener;

typedef void (*any_fn)(void);

static _Atomic(evprof_t *) waiting; /* NULL: nothing is to be mounted */

void
evprof_preload_mount_first(evprof_t *prof)
{
    atomic_store(&waiting, prof);
}

static void
mount(struct evhttp *http)
{
    evprof_error_t err = { 0 };
    evprof_t *prof =
        evprof_preload_is_own() ? NULL : atomic_exchange(&waiting, NULL);
    if (prof != NULL && evprof_preload_mount(prof, http, &err) != EVPROF_OK) {
        evprof_log(prof, EVPROF_LOG_ERROR, "mount auto: %s", err.message);
    }
}

/* The private port calls these too, with a libevent of its own. */
static any_fn
next(_Atomic(any_fn) *known, const char *name)
{
    any_fn function = atomic_load_explicit(known, memory_order_relaxed);
    if (function == NULL) {
        void *found = evprof_look_up(RTLD_NEXT, name);
        if (found == NULL) {
            found = evprof_preload_module_function(name);
        }
        memcpy(&function, &found, sizeof(function));
        atomic_store_explicit(known, function, memory_order_relaxed);
    }
    return function;
}

#define NEXT(type, name)                                                       \
    static _Atomic(any_fn) known;                                              \
    type *real = (type *)next(&known, #name)

/* Declared here: this library is made without libevent's headers, whose types
 * it never looks into. */
#define WRAPPED EVPROF_API __attribute__((weak))

typedef int bind_fn(struct evhttp *, const char *, uint16_t);
typedef struct evhttp_bound_socket *bind_handle_fn(struct evhttp *,
                                                   const char *, uint16_t);
typedef int accept_fn(struct evhttp *, int);
typedef struct evhttp_bound_socket *accept_handle_fn(struct evhttp *, int);
typedef struct evhttp_bound_socket *listener_fn(struct evhttp *,
                                                struct evconnlistener *);

WRAPPED bind_fn evhttp_bind_socket;
WRAPPED bind_handle_fn evhttp_bind_socket_with_handle;
WRAPPED accept_fn evhttp_accept_socket;
WRAPPED accept_handle_fn evhttp_accept_socket_with_handle;
WRAPPED listener_fn evhttp_bind_listener;

int
evhttp_bind_socket(struct evhttp *http, const char *address, uint16_t port)
{
    NEXT(bind_fn, evhttp_bind_socket);
    int failed = real(http, address, port);
    if (failed == 0) {
        mount(http);
    }
    return failed;
}

struct evhttp_bound_socket *
evhttp_bind_socket_with_handle(struct evhttp *http, const char *address,
                               uint16_t port)
{
    NEXT(bind_handle_fn, evhttp_bind_socket_with_handle);
    struct evhttp_bound_socket *bound = real(http, address, port);
    if (bound != NULL) {
        mount(http);
    }
    return bound;
}

int
evhttp_accept_socket(struct evhttp *http, int fd)
{
    NEXT(accept_fn, evhttp_accept_socket);
    int failed = real(http, fd);
    if (failed == 0) {
        mount(http);
    }
    return failed;
}

struct evhttp_bound_socket *
evhttp_accept_socket_with_handle(struct evhttp *http, int fd)
{
    NEXT(accept_handle_fn, evhttp_accept_socket_with_handle);
    struct evhttp_bound_socket *bound = real(http, fd);
    if (bound != NULL) {
        mount(http);
    }
    return bound;
}

struct evhttp_bound_socket *
evhttp_bind_listener(struct evhttp *http, struct evconnlistener *listener)
{
    NEXT(listener_fn, evhttp_bind_listener);
    struct evhttp_bound_socket *bound = real(http, listener);
    if (bound != NULL) {
        mount(http);
    }
    return bound;
}
