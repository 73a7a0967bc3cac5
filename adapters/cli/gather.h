/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_GATHER_H
#define EVPROF_CLI_GATHER_H

#include "adapters/cli/remote.h"

/*
 * Gets and reads many sources at once, on all processors, while others are
 * still on their way, and merges neighbours as soon as they are read: at no
 * time are all of them in memory.
 */

/* One list: the sources, or the bases. */
typedef struct cli_batch {
    cli_item_t *items; /* `is_loaded` or `err` is set in each */
    size_t count;
    size_t loaded;             /* how many of them were read */
    evprof_pprof_t **profiles; /* owned: what they came to, in their order */
    size_t profile_count;
} cli_batch_t;

/* Fills the lists, whose items lie behind each other. EVPROF_ENOMEM. */
int cli_gather(const cli_t *cli, cli_batch_t *batches, size_t count,
               evprof_error_t *err);

/* Frees what is left of the profiles, and their array. */
void cli_batch_free(cli_batch_t *batch);

#endif
