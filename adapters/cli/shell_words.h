/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SHELL_WORDS_H
#define EVPROF_CLI_SHELL_WORDS_H

#include "adapters/cli/cli.h"

/* A line of the shell as words, in one block of memory. */
typedef struct cli_words {
    char *text;
    const char **items;
    size_t count;
    const char *pipe; /* what follows a word "|", or NULL */
    bool is_strict;   /* no advice but pprof's */
} cli_words_t;

/* Splits at white space; a command after "|" stays whole unless `is_strict`,
 * where "|" is a word like others. EVPROF_ENOMEM. */
int cli_words_split(const char *line, bool is_strict, cli_words_t *out);

/* Frees the words; they are none afterwards. */
void cli_words_free(cli_words_t *words);

/* A command as typed: the report, its argument and what it does to the options
 * for this once. */
typedef struct cli_command {
    const evprof_report_t *report;
    const char *param;
    evprof_options_t options;
} cli_command_t;

/*
 * Understands a command; `options` are those in force. The words must outlive
 * the command, whose options are to be freed. EVPROF_ENOENT for unknown
 * commands, EVPROF_EPARSE, EVPROF_ENOMEM.
 */
int cli_command_parse(const cli_words_t *words, const evprof_options_t *options,
                      cli_command_t *out, evprof_error_t *err);

/* The name among reports and options, and among flags or the shell's commands,
 * that `word` was probably meant to be, or NULL when none is near. */
const char *cli_nearest(const char *word, bool is_flag);

#endif
