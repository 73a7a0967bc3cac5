/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_LINGER_H
#define EVPROF_EVHTTP_LINGER_H

#include <stddef.h>

struct evhttp_connection;

/* Replies up to this size fit in the buffers of a socket. */
#define EVPROF_LINGER_ABOVE ((size_t)16 << 10)

/*
 * For a connection that a large reply was just given to: a client that does not
 * read it must not keep a loop running that ends when it has no events left. As
 * soon as only such replies are left in the loop, the connection is freed. On
 * the loop's thread; without memory or descriptors nothing happens.
 */
void evprof_linger(struct evhttp_connection *connection);

#endif
