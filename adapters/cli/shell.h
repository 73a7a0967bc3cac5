/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SHELL_H
#define EVPROF_CLI_SHELL_H

/* What the files of the shell share. */

#include "adapters/cli/cli.h"
#include "adapters/cli/shell_words.h"

typedef struct cli_shell {
    cli_t *cli;
    evprof_pprof_t *profile;
    evprof_pprof_t *whole; /* for reports that show the base beside it */
    const evprof_pprof_t *base;
    bool is_over;
} cli_shell_t;

/* Where lines come from. */
typedef struct cli_input cli_input_t;

/* A terminal gets a prompt, editing, history and completion; else lines are
 * read as they are. NULL: out of memory. */
cli_input_t *cli_input_new(const cli_shell_t *shell);

/* Saves the history and gives the terminal back; NULL is ignored. */
void cli_input_free(cli_input_t *in);

/* The next line without its newline, valid until the next call; NULL: end. */
const char *cli_input_line(cli_input_t *in);

/*
 * Words that may follow `line`, whose last word is being typed: for each calls
 * `found` with the whole word. Commands, options and sample types for the first
 * word; values after "name="; names of functions after a command.
 */
void cli_complete(const cli_shell_t *shell, const char *line,
                  void (*found)(void *ctx, const char *word), void *ctx);

/* `options`: prints them with their values. */
void cli_shell_options(const cli_shell_t *shell);

/* `save NAME`: keeps the options under that name; prints what went wrong. */
void cli_shell_save(cli_shell_t *shell, const cli_words_t *words);

/* `load NAME`: takes the options that were saved so; prints what went wrong. */
void cli_shell_load(cli_shell_t *shell, const cli_words_t *words);

/* Makes a report and waits for it; `pipe` is a command that gets it, or NULL.
 * Prints what went wrong itself. */
void cli_shell_report(cli_shell_t *shell, const cli_command_t *command,
                      const char *pipe);

#endif
