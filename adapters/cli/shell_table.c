/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/cli/shell_table.h"

#include <string.h>

/* clang-format off */
const cli_shell_command_t cli_shell_table[] = {
    { "help", "[NAME]", CLI_SHELL_HELP,
      "Say what there is, or what NAME does\n" },
    { "options", NULL, CLI_SHELL_OPTIONS,
      "List options and their values; o for short\n" },
    { "o", NULL, CLI_SHELL_OPTIONS, NULL },
    { ":", NULL, CLI_SHELL_CLEAR,
      "Clear focus, ignore, hide, tagfocus and tagignore\n" },
    { "save", "NAME", CLI_SHELL_SAVE,
      "Keep the options in force as NAME\n" },
    { "load", "NAME", CLI_SHELL_LOAD,
      "Take them back\n" },
    { "quit", NULL, CLI_SHELL_QUIT,
      "Leave; so do exit, q and ^D\n" },
    { "exit", NULL, CLI_SHELL_QUIT, NULL },
    { "q", NULL, CLI_SHELL_QUIT, NULL },
};
/* clang-format on */

const size_t cli_shell_table_count =
    sizeof(cli_shell_table) / sizeof(cli_shell_table[0]);

const cli_shell_command_t *
cli_shell_command_find(const char *name)
{
    for (size_t i = 0; i < cli_shell_table_count; i++) {
        if (strcmp(cli_shell_table[i].name, name) == 0) {
            return &cli_shell_table[i];
        }
    }
    return NULL;
}
