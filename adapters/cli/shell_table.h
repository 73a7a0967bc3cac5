/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SHELL_TABLE_H
#define EVPROF_CLI_SHELL_TABLE_H

/* The commands of the shell that are no reports, for the shell itself, help,
 * completion and advice on mistyped words. */

#include <stddef.h>

enum cli_shell_act {
    CLI_SHELL_HELP,
    CLI_SHELL_OPTIONS,
    CLI_SHELL_CLEAR,
    CLI_SHELL_SAVE,
    CLI_SHELL_LOAD,
    CLI_SHELL_QUIT,
};

typedef struct cli_shell_command {
    const char *name;
    const char *value; /* what follows it, for help; NULL: nothing */
    enum cli_shell_act act;
    const char *help; /* NULL: another name of one above */
} cli_shell_command_t;

extern const cli_shell_command_t cli_shell_table[];
extern const size_t cli_shell_table_count;

/* The command of that name, or NULL. */
const cli_shell_command_t *cli_shell_command_find(const char *name);

#endif
