/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_LISTENER_SOCKET_H
#define EVPROF_LISTENER_SOCKET_H

#include <sys/types.h>

#include <evprof/status.h>

#include "core/base/own_descriptor.h"

/* A socket that listens, and the file that must go with it. */
typedef struct evprof_socket {
    evprof_own_descriptor_t own; /* the socket */
    char *path;                  /* of a unix socket, NULL else; owned */
    pid_t owner;                 /* who has made its file */
    dev_t device;                /* of the file */
    ino_t inode;
} evprof_socket_t;

/*
 * Opens a socket at `address` ("127.0.0.1:6060", "[::1]:0", "unix:/path").
 * EVPROF_EINVAL: it cannot be read; EVPROF_EIO: it cannot be bound;
 * EVPROF_ENOMEM.
 */
int evprof_socket_open(const char *address, evprof_socket_t *out,
                       evprof_error_t *err);

/* Removes the file of a unix socket that this process has made, unless another
 * file has its name by now. */
void evprof_socket_unlink(const evprof_socket_t *socket);

/* Does that, and forgets the name; the descriptor belongs to the caller. */
void evprof_socket_forget(evprof_socket_t *socket);

/* Where it listens, for the log: "127.0.0.1:6060". */
void evprof_socket_name(const evprof_socket_t *socket, char out[320]);

#endif
