/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SERVERS_H
#define EVPROF_CLI_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <evprof/status.h>

#include "adapters/cli/cli.h"
#include "core/base/arena.h"

/* A listening socket of a process that has libevprof mapped. */
typedef struct cli_server {
    pid_t pid;
    char name[32];     /* of the process */
    char address[160]; /* "127.0.0.1:6060", "[::1]:6060", "unix:/path", or "" */
} cli_server_t;

/*
 * Finds the processes of this machine that have libevprof mapped, by /proc
 * alone, with a row for each address that they listen on, or one with an empty
 * address. `pid` 0: of all. To be freed. EVPROF_EIO: there is no /proc;
 * EVPROF_ENOMEM.
 */
int cli_servers_find(pid_t pid, cli_server_t **out, size_t *count,
                     evprof_error_t *err);

/* `evprof ps`: true when that was asked for. */
bool cli_ps(int argc, char **argv, int *exit_status);

/*
 * Whether `source` names a process: a number that is no file, or "name:NAME".
 * Adds to `out` the URLs of the evprof servers that answer there, or, where no
 * process has evprof in it, "perf:PID" for each (attached.h), at most `max`,
 * and says how many; their texts live in `arena`. `*count` 0 with a message in
 * `err`: there is no such process, or none that lets us in.
 */
bool cli_servers_of(const char *source, evprof_arena_t *arena, const char **out,
                    size_t max, size_t *count, evprof_error_t *err);

/* Puts the URLs of processes in the place of each such source. The list lives
 * in `arena` when it changed. EVPROF_ENOENT with the reason; EVPROF_ENOMEM. */
int cli_servers_expand(cli_list_t *list, evprof_arena_t *arena,
                       evprof_error_t *err);

#endif
