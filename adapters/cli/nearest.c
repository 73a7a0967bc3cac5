/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions for mistyped names of options, reports and commands. */
#include <string.h>

#include "adapters/cli/cli.h"
#include "adapters/cli/flag_table.h"
#include "adapters/cli/shell_table.h"
#include "adapters/cli/shell_words.h"
#include "core/base/nearest.h"

/* Words of one or two letters are near to too many names. */
#define SHORTEST 3

const char *
cli_nearest(const char *word, bool is_flag)
{
    if (strlen(word) < SHORTEST) {
        return NULL;
    }
    evprof_nearest_t n = { .word = word };
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        evprof_nearest_try(&n, evprof_reports[i]->name);
    }
    for (size_t i = 0; i < evprof_option_count; i++) {
        evprof_nearest_try(&n, evprof_option_table[i].name);
        const evprof_choice_t *c = evprof_option_table[i].choices;
        for (; c != NULL && c->name != NULL; c++) {
            evprof_nearest_try(&n, c->name);
        }
    }
    for (size_t i = 0; is_flag && i < cli_flag_count; i++) {
        evprof_nearest_try(&n, cli_flag_table[i].name);
    }
    for (size_t i = 0; !is_flag && i < cli_shell_table_count; i++) {
        evprof_nearest_try(&n, cli_shell_table[i].name);
    }
    return n.best != NULL && strcmp(n.best, word) != 0 ? n.best : NULL;
}
