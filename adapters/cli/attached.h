/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_ATTACHED_H
#define EVPROF_CLI_ATTACHED_H

#include <sys/types.h>

#include "adapters/cli/remote.h"

/* The process of a source "perf:PID"; false: it is none. */
bool cli_attached_pid(const char *source, pid_t *pid);

/* Sources of that kind that are being profiled, each by a thread. */
typedef struct cli_attached cli_attached_t;

/* Begins to profile those among the items. NULL: there are none, or no memory,
 * which cli_attached_end() then says. */
cli_attached_t *cli_attached_begin(const cli_t *cli, cli_item_t *items,
                                   size_t count);

/* Waits for them, and calls `on_item` on this thread for each, with its body or
 * its status and error. `attached` is freed. */
void cli_attached_end(cli_attached_t *attached, cli_item_t *items, size_t count,
                      void (*on_item)(void *ctx, const cli_item_t *item),
                      void *ctx);

#endif
