/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SYMBOLIZE_H
#define EVPROF_CLI_SYMBOLIZE_H

#include "adapters/cli/remote.h"

/*
 * Gives the merged profile `p` the names that -symbolize allows: from binaries
 * of this machine, then from the servers it came from, then in readable form.
 * Sets `*is_changed` when `p` is not what it was. What could not be named is
 * complained of once. EVPROF_ENOMEM.
 */
int cli_symbolize(const cli_t *cli, const cli_item_t *items, size_t count,
                  evprof_pprof_t *p, bool *is_changed, evprof_error_t *err);

#endif
