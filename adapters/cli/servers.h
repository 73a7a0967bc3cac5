/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SERVERS_H
#define EVPROF_CLI_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <evprof/status.h>

#include "adapters/cli/cli.h"
#include "core/base/buf.h"

/* A listening socket of a process that has libevprof mapped, or has just
 * started and is to have it by LD_PRELOAD. */
typedef struct cli_server {
    pid_t pid;
    char name[32];     /* of the process */
    char address[160]; /* "127.0.0.1:6060", "[::1]:6060", "unix:/path", or "" */
    bool opens_later;  /* the process waits before it opens a port of ours */
} cli_server_t;

/*
 * Finds such processes of this machine, by /proc alone, with a row for each
 * address that they listen on, or one with an empty address. `pid` 0: of all.
 * To be freed. EVPROF_EIO: there is no /proc; EVPROF_ENOMEM.
 */
int cli_servers_find(pid_t pid, cli_server_t **out, size_t *count,
                     evprof_error_t *err);

/*
 * Finds one of them when it has opened its port, or at `deadline_ns` of
 * CLOCK_MONOTONIC. As above; no rows: it is gone.
 */
int cli_servers_await(pid_t pid, int64_t deadline_ns, cli_server_t **out,
                      size_t *count, evprof_error_t *err);

/* How soon a process is looked at again, of which nothing tells that it has
 * changed. */
#define CLI_LOOK_AGAIN_NS 20000000

/*
 * The value of a variable in the environment that a process began with, or
 * NULL. It lies in `room`, which is empty and to be freed.
 */
const char *cli_process_variable(pid_t pid, const char *name,
                                 evprof_buf_t *room);

/* `evprof ps`: true when that was asked for. */
bool cli_ps(int argc, char **argv, int *exit_status);

/* What the kernel calls the process, "" where it is gone. */
void cli_server_name(pid_t pid, char *out, size_t size);

/*
 * A socket that is connected to an address of a row, or of that form; what it
 * waits for is bounded. EVPROF_ENOENT: nothing listens there; EVPROF_EBUSY: the
 * server takes no connections; EVPROF_EINVAL: the path of the socket is too
 * long.
 */
int cli_server_connect(const char *address, evprof_error_t *err);

/* Whether profiles are served at that address without credentials. */
bool cli_server_answers(const char *address);

#endif
