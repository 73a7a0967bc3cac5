/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interactive shell: assignments to options, shortcuts that stand for
 * assignments, and commands. Each report works on a copy of the profile, so
 * that nothing a command does outlives it.
 */
#include "adapters/cli/shell.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/cli/help.h"
#include "adapters/cli/interrupt.h"
#include "adapters/cli/shell_table.h"
#include "core/base/error.h"
#include "core/report/value_column.h"

/* What follows this in an assignment is a remark, as options print them. */
#define REMARK "//:"

static char *
trimmed(const char *text, size_t len)
{
    while (len > 0 && strchr(" \t\n\v\f\r", text[0]) != NULL) {
        text++;
        len--;
    }
    while (len > 0 && strchr(" \t\n\v\f\r", text[len - 1]) != NULL) {
        len--;
    }
    return strndup(text, len);
}

/* The start of the last `needle` in `text`, or NULL. */
static const char *
find_last(const char *text, const char *needle)
{
    const char *last = NULL;
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++) {
        last = at;
    }
    return last;
}

/* Checks and completes a column: the option keeps its type's name. */
static int
set_column(cli_shell_t *shell, const char *value, evprof_error_t *err)
{
    size_t column;
    int status = evprof_column_find(shell->profile, value, &column, err);
    if (status != EVPROF_OK) {
        return status;
    }
    return evprof_options_set(&shell->cli->options, "sample_index",
                              shell->profile->types[column].type, err);
}

static void
assign(cli_shell_t *shell, const char *name, const char *value)
{
    evprof_error_t err;
    bool is_bare = value == NULL;
    if (is_bare && !evprof_option_is_flag(name)) {
        cli_complain("%s needs a value: %s=VALUE", name, name);
        return;
    }
    bool is_choice = evprof_option_find(name) == NULL;
    if (is_bare) {
        value = is_choice && !shell->cli->is_strict ? "true" : "";
    }
    int status =
        strcmp(name, "sample_index") == 0
            ? set_column(shell, value, &err)
            : evprof_options_set(&shell->cli->options, name, value, &err);
    if (status != EVPROF_OK) {
        cli_complain("%s: %s", name, err.message);
    }
}

/* True when the line was an assignment, or the bare name of an option. */
static bool
try_assignment(cli_shell_t *shell, const char *line)
{
    size_t len = strcspn(line, "=");
    char *name = trimmed(line, len);
    char *value = NULL;
    if (line[len] == '=') {
        const char *text = line + len + 1;
        const char *remark = find_last(text, REMARK);
        value = trimmed(text, remark != NULL ? (size_t)(remark - text)
                                             : strlen(text));
    }
    bool is_known = name != NULL && (evprof_option_find(name) != NULL ||
                                     evprof_option_of_choice(name) != NULL);
    if (is_known) {
        assign(shell, name, value);
    }
    free(name);
    free(value);
    return is_known;
}

static void
run_command(cli_shell_t *shell, const cli_words_t *words)
{
    cli_command_t command;
    evprof_error_t err;
    int status = cli_command_parse(words, &shell->cli->options, &command, &err);
    if (status != EVPROF_OK) {
        cli_complain("%s", err.message);
        return;
    }
    cli_shell_report(shell, &command, words->pipe);
    evprof_options_free(&command.options);
}

static void
run_help(cli_shell_t *shell, const cli_words_t *words)
{
    evprof_buf_t text = { 0 };
    const char *name = words->count > 1 ? words->items[1] : NULL;
    if (name == NULL) {
        cli_help_shell(&text);
    }
    if (name == NULL || cli_help_on(&text, name, shell->profile)) {
        cli_tell("%s", text.failed ? "" : text.data);
    } else {
        const char *near = cli_nearest(name, false);
        cli_complain("no help on %s%s%s%s", name,
                     near != NULL ? "; did you mean " : "",
                     near != NULL ? near : "", near != NULL ? "?" : "");
    }
    evprof_buf_free(&text);
}

static void
clear(cli_shell_t *shell)
{
    static const char *const cleared[] = { "focus",    "ignore",    "hide",
                                           "tagfocus", "tagignore", NULL };
    for (size_t i = 0; cleared[i] != NULL; i++) {
        assign(shell, cleared[i], "");
    }
}

static void
run_act(cli_shell_t *shell, enum cli_shell_act act, const cli_words_t *words)
{
    switch (act) {
    case CLI_SHELL_HELP:
        run_help(shell, words);
        break;
    case CLI_SHELL_OPTIONS:
        cli_shell_options(shell);
        break;
    case CLI_SHELL_CLEAR:
        clear(shell);
        break;
    case CLI_SHELL_SAVE:
        cli_shell_save(shell, words);
        break;
    case CLI_SHELL_LOAD:
        cli_shell_load(shell, words);
        break;
    case CLI_SHELL_QUIT:
    default:
        shell->is_over = true;
        break;
    }
}

static void
run_words(cli_shell_t *shell, const char *line)
{
    cli_words_t words;
    if (cli_words_split(line, shell->cli->is_strict, &words) != EVPROF_OK) {
        cli_complain("out of memory");
        return;
    }
    if (words.count > 0) {
        const cli_shell_command_t *command =
            cli_shell_command_find(words.items[0]);
        if (command != NULL) {
            run_act(shell, command->act, &words);
        } else {
            run_command(shell, &words);
        }
    }
    cli_words_free(&words);
}

static void
run_simple(cli_shell_t *shell, const char *line)
{
    if (!try_assignment(shell, line)) {
        run_words(shell, line);
    }
}

static void
run_column(cli_shell_t *shell, const char *mean, const char *type)
{
    if (mean != NULL) {
        assign(shell, "mean", mean);
    }
    evprof_buf_t line = { 0 };
    evprof_buf_printf(&line, "sample_index=%s", type);
    if (!line.failed) {
        run_simple(shell, line.data);
    }
    evprof_buf_free(&line);
}

/* A sample type by itself selects it, with total_ or mean_ before it also how
 * it is summed up. True when the line was one. */
static bool
try_column(cli_shell_t *shell, const char *word)
{
    const evprof_pprof_t *p = shell->profile;
    for (size_t i = p->type_count; i-- > 0;) {
        const char *type = p->types[i].type;
        if (strcmp(word, type) == 0) {
            run_column(shell, NULL, type);
            return true;
        }
        bool is_total =
            strncmp(word, "total_", 6) == 0 && strcmp(word + 6, type) == 0;
        bool is_mean =
            strncmp(word, "mean_", 5) == 0 && strcmp(word + 5, type) == 0;
        if (is_total || is_mean) {
            run_column(shell, is_mean ? "1" : "0", type);
            return true;
        }
    }
    return false;
}

/* "set NAME=VALUE" is "NAME=VALUE". */
static const char *
without_set(const char *line)
{
    bool is_set = strncmp(line, "set ", 4) == 0 && strchr(line, '=') != NULL;
    return is_set ? line + 4 : line;
}

static void
run_line(cli_shell_t *shell, const char *line)
{
    char *word = trimmed(line, strlen(line));
    if (word == NULL) {
        cli_complain("out of memory");
        return;
    }
    if (!try_column(shell, word)) {
        run_simple(shell, without_set(word));
    }
    free(word);
}

/* A copy of the options in force without what changes the profile. */
static int
plain_options(const cli_t *cli, evprof_options_t *out, evprof_error_t *err)
{
    static const char *const filters[] = {
        "focus",     "ignore",     "hide",      "show",
        "show_from", "tagfocus",   "tagignore", "tagshow",
        "taghide",   "prune_from", "tagroot",   "tagleaf",
    };
    int status = evprof_options_copy(out, &cli->options, err);
    for (size_t i = 0;
         status == EVPROF_OK && i < sizeof(filters) / sizeof(filters[0]); i++) {
        status = evprof_options_set(out, filters[i], "", err);
        if (status != EVPROF_OK) {
            evprof_options_free(out);
        }
    }
    return status;
}

static void
greet_with(const cli_shell_t *shell, evprof_view_t *view)
{
    evprof_heading_t labels = { 0 };
    evprof_view_profile_labels(view, &labels);
    if (!labels.text.failed) {
        cli_tell("%s", labels.text.len > 0 ? labels.text.data : "");
    }
    evprof_buf_free(&labels.text);
    if (evprof_view_total(view) == 0 && shell->profile->type_count > 1) {
        cli_tell(
            "All values of this sample type are 0; sample_index=TYPE shows "
            "another.\n");
    }
}

static void
greet(const cli_shell_t *shell)
{
    evprof_options_t options;
    evprof_error_t err;
    evprof_pprof_t *copy = evprof_pprof_copy(shell->profile);
    if (copy != NULL &&
        plain_options(shell->cli, &options, &err) == EVPROF_OK) {
        const evprof_request_t request = {
            .report = evprof_report_find("raw"),
            .options = &options,
            .notice = &cli_notice,
        };
        evprof_view_t *view;
        if (evprof_view_new(copy, &request, &view, &err) == EVPROF_OK) {
            greet_with(shell, view);
            evprof_view_free(view);
        }
        evprof_options_free(&options);
    }
    evprof_pprof_free(copy);
    cli_tell("help lists the commands, o the options, q leaves.");
}

int
cli_shell(cli_t *cli, const cli_profiles_t *profiles)
{
    evprof_pprof_t *p = profiles->profile;
    cli_shell_t shell = { .cli = cli,
                          .profile = p,
                          .whole =
                              profiles->whole != NULL ? profiles->whole : p,
                          .base = profiles->base };
    cli->options.compact_labels = true;
    greet(&shell);
    cli_input_t *in = cli_input_new(&shell);
    if (in == NULL) {
        cli_complain("out of memory");
        return EVPROF_ENOMEM;
    }
    while (!shell.is_over && !cli_interrupt_is_leaving()) {
        const char *line = cli_input_line(in);
        if (line == NULL) {
            break;
        }
        run_line(&shell, line);
    }
    cli_input_free(in);
    return EVPROF_OK;
}
