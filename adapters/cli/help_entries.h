/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_HELP_ENTRIES_H
#define EVPROF_CLI_HELP_ENTRIES_H

#include "adapters/cli/cli.h"

/* Everything that the command line takes, for help, the manual page and the
 * completions of shells. */
typedef struct cli_entry {
    const char *group; /* heading; entries of one group come together */
    const char *name;  /* without its dash */
    const char *value; /* what it takes, NULL: nothing */
    const char *help;  /* first line: what it is; the rest: more of it */
    bool is_report;
    bool is_alone; /* its value is a word of its own */
    bool is_old;   /* an old name of something else */
} cli_entry_t;

/* Calls `each` for all entries, reports first. */
void cli_entries_each(void (*each)(void *ctx, const cli_entry_t *entry),
                      void *ctx);

#endif
