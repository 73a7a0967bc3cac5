/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_GATHER_PEERS_H
#define EVPROF_GATHER_PEERS_H

/*
 * How workers find and reach each other: each listens on a socket without a
 * file, and takes requests of its own user only. The name has the namespace of
 * the numbers of processes, as containers may share the network and both have a
 * process 1; the process group; its own number; and one that nobody can guess,
 * so that nobody else can take the name before.
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

/* A socket that listens for this process; -1: errno. */
int evprof_peers_listen(void);

/* The other workers of the group; how many. */
size_t evprof_peers_list(evprof_peer_t out[EVPROF_PEERS_MAX]);

/* Sends the ask to a worker; a socket to read the answer from, which does not
 * block, or -1. */
int evprof_peer_ask(const evprof_peer_t *peer, const evprof_gather_ask_t *ask);

/* Whether who is at the other end is of our own user, or root. */
bool evprof_peer_is_ours(int fd);

/* Reads an ask within two seconds; `profile` is its name. False: it is none. */
bool evprof_peer_read(int fd, char profile[64], evprof_gather_ask_t *out);

#endif
