/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_DEBUGINFOD_H
#define EVPROF_CLI_DEBUGINFOD_H

#include "adapters/cli/cli.h"

/*
 * Gets a file from the servers that DEBUGINFOD_URLS names, where -debuginfod
 * allows it, and keeps it by build id below $XDG_CACHE_HOME/evprof/debuginfod.
 * `kind` is "debuginfo", "executable" or "source"
 * with the path of the file. Its path replaces `path`; false: it is
 * not to be had. `cli` is a cli_t.
 */
bool cli_debuginfod(const void *cli, const char *build_id, const char *kind,
                    evprof_buf_t *path);

#endif
