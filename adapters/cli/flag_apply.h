/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_FLAG_APPLY_H
#define EVPROF_CLI_FLAG_APPLY_H

/* Between reading the words of the command line and knowing what they ask. */

#include "adapters/cli/cli.h"
#include "adapters/cli/flag_table.h"

#define CLI_MAX_COLUMNS 8
#define CLI_MAX_OPTIONS 64

/* What flags have said so far, as far as cli_t does not hold it. */
typedef struct cli_parse {
    cli_t *cli;
    bool is_asked[CLI_MAX_REPORTS];       /* by index in evprof_reports */
    const char *params[CLI_MAX_REPORTS];  /* of reports that take one */
    const char *choices[CLI_MAX_OPTIONS]; /* by index in the option table */
    const cli_flag_t *columns[CLI_MAX_COLUMNS];
    size_t column_count;
    bool took_word; /* the last flag's value was a word of its own */
} cli_parse_t;

/* Prints one line, what is wrong and what to do; returns CLI_WRONG. */
enum cli_parsed cli_refuse(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Settles the report, the column, the bases and the sources. CLI_WRONG, with a
 * message, when flags contradict one another or nothing is there to read. */
enum cli_parsed cli_apply(cli_parse_t *p);

#endif
