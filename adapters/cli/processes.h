/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_PROCESSES_H
#define EVPROF_CLI_PROCESSES_H

#include <stddef.h>

#include <evprof/status.h>

#include "adapters/cli/cli.h"
#include "adapters/fetch/sources.h"
#include "core/base/arena.h"

/* Sources as they are fetched. */
typedef struct cli_processes {
    evprof_source_line_t *lines;
    size_t count;
} cli_processes_t;

/*
 * Puts the addresses of processes in the place of each source that names some:
 * a number that is no file, "name:PATTERN", "cgroup:PATTERN" (with all below
 * it), "unix:PATTERN" for sockets. Where no process has evprof in it,
 * "perf:PID" stands for each (attached.h). When there are several processes,
 * each has the labels pid, name and host. What is made lives in `arena`.
 * EVPROF_ENOENT with the reason; EVPROF_ENOMEM.
 */
int cli_processes_expand(const cli_list_t *list, evprof_arena_t *arena,
                         cli_processes_t *out, evprof_error_t *err);

#endif
