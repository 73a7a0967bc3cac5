/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_LINGER_H
#define EVPROF_EVHTTP_LINGER_H

#include <stddef.h>

struct evhttp_connection;

/* Replies up to this size fit into a socket's buffers. */
#define EVPROF_LINGER_ABOVE ((size_t)16 << 10)

/*
 * To be called after a large reply was queued: a client that does not read it
 * must not keep a loop running that would end because it has no events left. As
 * soon as only such replies are left in the loop, the connection is freed. On
 * the loop's thread; does nothing when out of memory or descriptors.
 */
void evprof_linger(struct evhttp_connection *connection);

#endif
