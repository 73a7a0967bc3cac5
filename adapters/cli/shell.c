/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interactive shell: assignments to options, shortcuts that stand for
 * assignments, and commands. Each report works on a copy of the profile, so
 * that nothing a command does outlives it.
 */
#include "adapters/cli/shell.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/cli/words.h"
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/report/column.h"
#include "core/report/settings.h"

/* What follows this in an assignment is a remark: options print it. */
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
        cli_complain("please specify a value, e.g. %s=<val>", name);
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
        cli_complain("%s", err.message);
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
print_option(const cli_shell_t *shell, const evprof_option_t *option,
             evprof_buf_t *out)
{
    char scratch[EVPROF_OPTION_TEXT_SIZE];
    const evprof_pprof_t *p = shell->profile;
    const char *value =
        evprof_option_get(&shell->cli->options, option, scratch);
    evprof_buf_t remark = { 0 };
    if (option->choices != NULL) {
        const char *names[CLI_MAX_CHOICES];
        size_t count = 0;
        for (const evprof_choice_t *c = option->choices; c->name != NULL; c++) {
            size_t at = count++;
            for (; at > 0 && strcmp(names[at - 1], c->name) > 0; at--) {
                names[at] = names[at - 1];
            }
            names[at] = c->name;
        }
        for (size_t i = 0; i < count; i++) {
            evprof_buf_printf(&remark, "%s%s", i > 0 ? " | " : "", names[i]);
        }
        value = value[0] == '\0' ? "(default)" : value;
    } else if (strcmp(option->name, "sample_index") == 0) {
        for (size_t i = 0; i < p->type_count; i++) {
            evprof_buf_printf(&remark, "%s%s", i > 0 ? " | " : "",
                              p->types[i].type);
        }
        value = value[0] == '\0' ? p->types[p->type_count - 1].type : value;
    }
    bool is_default_count =
        strcmp(option->name, "nodecount") == 0 && strcmp(value, "-1") == 0;
    evprof_buf_puts(out, "  ");
    evprof_utf8_pad_right(out, option->name, 25);
    evprof_buf_puts(out, " = ");
    evprof_utf8_pad_right(out, value[0] == '\0' ? "\"\"" : value, 20);
    evprof_buf_putc(out, ' ');
    if (remark.len > 0) {
        evprof_buf_printf(out, REMARK " [%s]", remark.data);
    } else if (is_default_count) {
        evprof_buf_puts(out, REMARK " default");
    }
    evprof_buf_free(&remark);
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
print_options(const cli_shell_t *shell)
{
    char **lines = calloc(evprof_option_count, sizeof(*lines));
    evprof_buf_t text = { 0 };
    size_t count = 0;
    for (size_t i = 0; lines != NULL && i < evprof_option_count; i++) {
        if (strcmp(evprof_option_table[i].name, "source_path") == 0) {
            continue;
        }
        evprof_buf_t line = { 0 };
        print_option(shell, &evprof_option_table[i], &line);
        if (!line.failed) {
            lines[count++] = line.data;
        }
    }
    if (count > 0) {
        qsort(lines, count, sizeof(*lines), compare_lines);
    }
    for (size_t i = 0; i < count; i++) {
        evprof_buf_printf(&text, "%s\n", lines[i]);
        free(lines[i]);
    }
    if (text.len > 0) {
        cli_tell("%s", text.data);
    }
    evprof_buf_free(&text);
    free(lines);
}

static void
print_help(const cli_shell_t *shell, const cli_words_t *words)
{
    evprof_buf_t text = { 0 };
    evprof_buf_t name = { 0 };
    for (size_t i = 1; i < words->count; i++) {
        evprof_buf_printf(&name, "%s%s", i > 1 ? " " : "", words->items[i]);
    }
    if (name.len == 0) {
        cli_print_help(&text, false);
        evprof_buf_puts(
            &text, "\n  :   Clear focus/ignore/hide/tagfocus/tagignore\n"
                   "\n  type \"help <cmd|option>\" for more information\n");
        cli_tell("%s", text.failed ? "" : text.data);
    } else if (cli_print_help_on(&text, name.data, shell->profile)) {
        cli_tell("%s", text.failed ? "" : text.data);
    } else {
        const char *near =
            shell->cli->is_strict ? NULL : cli_nearest(name.data);
        cli_complain("Unknown command: %s%s%s%s", name.data,
                     near != NULL ? "; did you mean " : "",
                     near != NULL ? near : "", near != NULL ? "?" : "");
    }
    evprof_buf_free(&text);
    evprof_buf_free(&name);
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
    bool is_beside = (command.report->flags & EVPROF_REPORT_BASE) != 0;
    evprof_pprof_t *copy =
        evprof_pprof_copy(is_beside ? shell->whole : shell->profile);
    if (copy == NULL) {
        status = evprof_fail(&err, EVPROF_ENOMEM, "out of memory");
    } else {
        const cli_job_t job = { .report = command.report,
                                .param = command.param,
                                .options = &command.options,
                                .pipe = words->pipe,
                                .base = shell->base,
                                .is_shell = true };
        status = cli_report(copy, &job, &err);
    }
    if (status != EVPROF_OK) {
        cli_complain("%s", err.message);
    }
    evprof_pprof_free(copy);
    evprof_options_free(&command.options);
}

/* "save NAME" and "load NAME": sets of options in the file that pprof's web
 * interface keeps them in. What is not saved stays as it is. */
static int
save_options(const cli_shell_t *shell, const char *file, const char *name,
             evprof_error_t *err)
{
    evprof_settings_t settings;
    int status = evprof_settings_read(file, &settings, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_settings_set(&settings, name, &shell->cli->options, err);
    if (status == EVPROF_OK) {
        status = evprof_settings_write(file, &settings, err);
    }
    evprof_settings_free(&settings);
    return status;
}

static int
load_options(cli_shell_t *shell, const char *file, const char *name,
             evprof_error_t *err)
{
    evprof_settings_t settings;
    int status = evprof_settings_read(file, &settings, err);
    if (status != EVPROF_OK) {
        return status;
    }
    const evprof_options_t *saved = evprof_settings_find(&settings, name);
    if (saved == NULL) {
        status = evprof_fail(err, EVPROF_ENOENT, "config %s not found", name);
    }
    for (size_t i = 0; status == EVPROF_OK && i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        char scratch[EVPROF_OPTION_TEXT_SIZE];
        const char *value = evprof_option_get(saved, option, scratch);
        bool is_unset = option->choices != NULL && value[0] == '\0';
        if (option->is_saved && !is_unset) {
            status =
                evprof_option_set(&shell->cli->options, option, value, err);
        }
    }
    evprof_settings_free(&settings);
    return status;
}

static void
run_settings(cli_shell_t *shell, const cli_words_t *words)
{
    bool is_save = strcmp(words->items[0], "save") == 0;
    evprof_buf_t file = { 0 };
    evprof_error_t err;
    int status = EVPROF_OK;
    if (words->count != 2) {
        status = evprof_fail(&err, EVPROF_EPARSE, "usage: %s <name>",
                             words->items[0]);
    } else {
        status = evprof_settings_file(&file, &err);
    }
    if (status == EVPROF_OK) {
        status = is_save
                     ? save_options(shell, file.data, words->items[1], &err)
                     : load_options(shell, file.data, words->items[1], &err);
    }
    if (status != EVPROF_OK) {
        cli_complain("%s", err.message);
    }
    evprof_buf_free(&file);
}

static bool
is_one_of(const char *word, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(word, *names) == 0) {
            return true;
        }
    }
    return false;
}

static void
run_words(cli_shell_t *shell, const char *line)
{
    static const char *const options[] = { "o", "options", NULL };
    static const char *const quit[] = { "q", "quit", "exit", NULL };
    static const char *const settings[] = { "save", "load", NULL };
    cli_words_t words;
    if (cli_words_split(line, shell->cli->is_strict, &words) != EVPROF_OK) {
        cli_complain("out of memory");
        return;
    }
    if (words.count == 0) {
        cli_words_free(&words);
        return;
    }
    if (is_one_of(words.items[0], options)) {
        print_options(shell);
    } else if (is_one_of(words.items[0], quit)) {
        shell->is_over = true;
    } else if (!shell->cli->is_strict && is_one_of(words.items[0], settings)) {
        run_settings(shell, &words);
    } else if (strcmp(words.items[0], "help") == 0) {
        print_help(shell, &words);
    } else {
        run_command(shell, &words);
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

void
cli_shell_run(cli_shell_t *shell, const char *line)
{
    static const char *const cleared[] = { "focus",    "ignore",    "hide",
                                           "tagfocus", "tagignore", NULL };
    char *word = trimmed(line, strlen(line));
    if (word == NULL) {
        cli_complain("out of memory");
        return;
    }
    if (strcmp(word, ":") == 0) {
        for (size_t i = 0; cleared[i] != NULL; i++) {
            assign(shell, cleared[i], "");
        }
    } else if (!try_column(shell, word)) {
        run_simple(shell, word);
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
    evprof_labels_t labels = { 0 };
    evprof_view_profile_labels(view, &labels);
    if (!labels.text.failed) {
        cli_tell("%s", labels.text.len > 0 ? labels.text.data : "");
    }
    evprof_buf_free(&labels.text);
    if (evprof_view_total(view) == 0 && shell->profile->type_count > 1) {
        cli_tell("No samples were found with the default sample value type.");
        cli_tell("Try \"sample_index\" command to analyze different sample "
                 "values.\n");
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
    cli_tell("Entering interactive mode (type \"help\" for commands, \"o\" for "
             "options)");
}

int
cli_shell(cli_t *cli, const cli_profiles_t *profiles)
{
    const evprof_pprof_t *p = profiles->profile;
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
    while (!shell.is_over) {
        const char *line = cli_input_line(in);
        if (line == NULL) {
            break;
        }
        cli_shell_run(&shell, line);
    }
    cli_input_free(in);
    return EVPROF_OK;
}
