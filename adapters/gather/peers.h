/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_GATHER_PEERS_H
#define EVPROF_GATHER_PEERS_H

/*
 * How workers find and reach each other: each listens on a socket without a
 * file, whose name has the process group and its own number, and takes requests
 * of its own user only.
 */

#include <stddef.h>
#include <sys/types.h>

#include "core/runtime/gather.h"

enum { EVPROF_PEERS_MAX = 1024 };

/* A socket that listens for this process; -1: errno. */
int evprof_peers_listen(void);

/* The numbers of the other workers of the group; how many. */
size_t evprof_peers_list(pid_t out[EVPROF_PEERS_MAX]);

/* Sends the ask to a worker; a socket to read the answer from, which does not
 * block, or -1. */
int evprof_peer_ask(pid_t pid, const evprof_gather_ask_t *ask);

/* Whether who is at the other end is of our own user, or root. */
bool evprof_peer_is_ours(int fd);

/* Reads an ask within two seconds; `profile` is its name. False: it is none. */
bool evprof_peer_read(int fd, char profile[64], evprof_gather_ask_t *out);

#endif
