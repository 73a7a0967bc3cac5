/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_GATHER_PEERS_H
#define EVPROF_GATHER_PEERS_H

/*
 * How workers find and reach each other: each listens on an abstract unix
 * socket and accepts requests of its own user only. The name of the socket has
 * the pid namespace (containers may share the network and both have a process
 * 1), the process group, the pid, and a random number, so that nobody else can
 * take the name in advance.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/runtime/gather.h"

enum { EVPROF_PEERS_MAX = 1024 };

/* Another worker, as the name of its socket says. */
typedef struct evprof_peer {
    pid_t pid;
    uint64_t chance;
} evprof_peer_t;

/* Opens the socket of this process. -1: it failed, and errno says why. */
int evprof_peers_listen(void);

/* Fills in the other workers of the group and returns how many they are. */
size_t evprof_peers_list(evprof_peer_t out[EVPROF_PEERS_MAX]);

/* Sends a request to a worker. Returns a non-blocking socket for its answer, or
 * -1. */
int evprof_peer_ask(const evprof_peer_t *peer, const evprof_gather_ask_t *ask);

/* Whether the process at the other end runs as our user or as root. */
bool evprof_peer_is_ours(int fd);

/* Reads a request, for two seconds at most; `profile` receives the name. False:
 * it is no request. */
bool evprof_peer_read(int fd, char profile[64], evprof_gather_ask_t *out);

#endif
