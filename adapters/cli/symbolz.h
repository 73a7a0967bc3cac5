/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SYMBOLZ_H
#define EVPROF_CLI_SYMBOLZ_H

#include "adapters/cli/remote.h"

/*
 * Names for addresses that came without any: the server that sent a profile is
 * asked for those of its mappings, as gperftools' protocol has it.
 */

/* Notes which mappings of `p` came from the item's server. EVPROF_ENOMEM. */
int cli_symbolz_note(cli_item_t *item, evprof_pprof_t *p);

/*
 * Asks for what the merged profile `p` lacks, or for all of it. True: `p` is
 * not what it was. A server that gives no answer is complained of; the profile
 * is shown without the names.
 */
bool cli_symbolz(const cli_t *cli, bool is_forced, const cli_item_t *items,
                 size_t count, evprof_pprof_t *p);

/* Takes the names away again that cli_symbolz_note() lent to mappings. */
void cli_symbolz_unname(const cli_item_t *items, size_t count,
                        evprof_pprof_t *p);

/* Frees what was noted. */
void cli_symbolz_forget(cli_item_t *item);

#endif
