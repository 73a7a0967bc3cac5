/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_LISTENER_CONNECTIONS_H
#define EVPROF_LISTENER_CONNECTIONS_H

/*
 * The connections of one private port and their bounds. Clients beyond the
 * number wait in the kernel's queue and cost the host no descriptor; one that
 * does not send its request in time, or that no address rule lets in, is
 * closed. Everything on the thread of the port.
 */

#include <evprof/evprof.h>

#include "core/conf/conf.h"

struct event_base;
struct evconnlistener;
struct evhttp;

typedef struct evprof_connections evprof_connections_t;

/* Watches the connections that `http` accepts from now on by `socket`; `limits`
 * are copied. NULL: out of memory. */
evprof_connections_t *
evprof_connections_new(evprof_t *prof, struct event_base *base,
                       struct evhttp *http, struct evconnlistener *socket,
                       const evprof_listen_conf_t *limits);

/* After the evhttp was freed. NULL is ignored. */
void evprof_connections_free(evprof_connections_t *connections);

#endif
