/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of the shell: `command [n] [regex]* [-regex]* [-cum] [>file]`,
 * and
 * `| command` where the output is to go. What a line sets holds for that line.
 */
#include "adapters/cli/shell_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/utf8.h"

#define SPACES " \t\n\v\f\r"

int
cli_words_split(const char *line, bool is_strict, cli_words_t *out)
{
    *out = (cli_words_t){ .is_strict = is_strict };
    out->text = strdup(line);
    out->items = calloc(strlen(line) + 1, sizeof(*out->items));
    if (out->text == NULL || out->items == NULL) {
        cli_words_free(out);
        return EVPROF_ENOMEM;
    }
    char *at = out->text;
    while (*(at += strspn(at, SPACES)) != '\0') {
        if (*at == '|' && !is_strict && out->count > 0) {
            at++;
            out->pipe = at + strspn(at, SPACES);
            break;
        }
        out->items[out->count++] = at;
        at += strcspn(at, SPACES);
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    return EVPROF_OK;
}

void
cli_words_free(cli_words_t *words)
{
    free(words->text);
    free(words->items);
    *words = (cli_words_t){ 0 };
}

/* The expressions of a line so far, alternatives of one another. */
typedef struct choices {
    evprof_buf_t focus;
    evprof_buf_t ignore;
} choices_t;

static void
add_choice(evprof_buf_t *list, const char *text)
{
    if (list->len > 0 && text[0] != '\0') {
        evprof_buf_putc(list, '|');
    }
    evprof_buf_puts(list, text);
}

static bool
parse_count(const char *word, int64_t *out)
{
    const char *digits = word + (word[0] == '-' || word[0] == '+');
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits)) {
        return false;
    }
    errno = 0;
    long long value = strtoll(word, NULL, 10);
    if (errno != 0 || value < INT32_MIN || value > INT32_MAX) {
        return false;
    }
    *out = value;
    return true;
}

/* A command and its arguments. Digits behind the command are the first argument
 * where nothing else has that name: "top10" is "top 10". */
typedef struct command_line {
    char *name;
    const char **args;
    size_t count;
    const evprof_report_t *report; /* NULL: there is none */
    bool is_strict;
} command_line_t;

static int
read_command_line(const cli_words_t *words, command_line_t *out)
{
    const char *word = words->items[0];
    out->name = strdup(word);
    out->args = calloc(words->count + 1, sizeof(*out->args));
    if (out->name == NULL || out->args == NULL) {
        return EVPROF_ENOMEM;
    }
    out->report = evprof_report_find(word);
    size_t len = strlen(word);
    while (len > 0 && isdigit((unsigned char)word[len - 1])) {
        len--;
    }
    if (out->report == NULL && len > 0 && word[len] != '\0') {
        out->name[len] = '\0';
        out->args[out->count++] = word + len;
        out->report = evprof_report_find(out->name);
    }
    for (size_t i = 1; i < words->count; i++) {
        out->args[out->count++] = words->items[i];
    }
    return EVPROF_OK;
}

/* Takes one argument, or two of ">" and a name. */
static int
take_word(const command_line_t *line, size_t *at, cli_command_t *command,
          choices_t *choices, evprof_error_t *err)
{
    const char *word = line->args[(*at)++];
    evprof_options_t *o = &command->options;
    if (parse_count(word, &o->nodecount)) {
        return EVPROF_OK;
    }
    if (word[0] == '>') {
        const char *file = word + 1;
        if (file[0] == '\0') {
            if (*at >= line->count) {
                return evprof_fail(err, EVPROF_EPARSE,
                                   "the name of a file is missing after >");
            }
            file = line->args[(*at)++];
        }
        return evprof_options_set(o, "output", file, err);
    }
    if (strcmp(word, "-cum") == 0 || strcmp(word, "--cum") == 0) {
        return evprof_options_set(o, "sort", "cum", err);
    }
    if (word[0] == '-') {
        add_choice(&choices->ignore, word + 1);
    } else {
        add_choice(&choices->focus, word);
    }
    return EVPROF_OK;
}

static int
set_choice(cli_command_t *command, const char *name, const evprof_buf_t *list,
           evprof_error_t *err)
{
    if (list->failed) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    return list->len == 0
               ? EVPROF_OK
               : evprof_options_set(&command->options, name, list->data, err);
}

static int
take_words(const command_line_t *line, size_t at, cli_command_t *command,
           evprof_error_t *err)
{
    choices_t choices = { .focus = { 0 } };
    int status = EVPROF_OK;
    while (status == EVPROF_OK && at < line->count) {
        status = take_word(line, &at, command, &choices, err);
    }
    bool is_tags = (command->report->flags & EVPROF_REPORT_TAG_WORDS) != 0;
    if (status == EVPROF_OK) {
        status = set_choice(command, is_tags ? "tagfocus" : "focus",
                            &choices.focus, err);
    }
    if (status == EVPROF_OK) {
        status = set_choice(command, is_tags ? "tagignore" : "ignore",
                            &choices.ignore, err);
    }
    evprof_buf_free(&choices.focus);
    evprof_buf_free(&choices.ignore);
    return status;
}

static int
fail_unknown(const command_line_t *line, evprof_error_t *err)
{
    const evprof_option_t *option = evprof_option_find(line->name);
    if ((option != NULL && option->choices == NULL) ||
        evprof_option_of_choice(line->name) != NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "%s is an option: %s=%s",
                           line->name, line->name,
                           line->count > 0 ? line->args[0] : "VALUE");
    }
    evprof_buf_t quoted = { 0 };
    evprof_utf8_quote(&quoted, line->name);
    const char *near = line->is_strict ? NULL : cli_nearest(line->name, false);
    int status = evprof_fail(err, EVPROF_ENOENT, "there is no command %s%s%s%s",
                             quoted.failed ? line->name : quoted.data,
                             near != NULL ? "; did you mean " : "",
                             near != NULL ? near : "", near != NULL ? "?" : "");
    evprof_buf_free(&quoted);
    return status;
}

static int
parse_line(const command_line_t *line, const evprof_options_t *options,
           cli_command_t *out, evprof_error_t *err)
{
    cli_command_t command = { .report = line->report };
    if (line->report == NULL) {
        return fail_unknown(line, err);
    }
    size_t at = 0;
    if ((line->report->flags & EVPROF_REPORT_PARAM) != 0) {
        if (line->count == 0) {
            return evprof_fail(err, EVPROF_EPARSE,
                               "%s needs a pattern: %s REGEX", line->name,
                               line->name);
        }
        command.param = line->args[at++];
    }
    int status = evprof_options_copy(&command.options, options, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = take_words(line, at, &command, err);
    if (status != EVPROF_OK) {
        evprof_options_free(&command.options);
        return status;
    }
    if (command.options.nodecount == -1 &&
        (strcmp(line->name, "top") == 0 || strcmp(line->name, "text") == 0)) {
        command.options.nodecount = 10;
    }
    *out = command;
    return EVPROF_OK;
}

int
cli_command_parse(const cli_words_t *words, const evprof_options_t *options,
                  cli_command_t *out, evprof_error_t *err)
{
    command_line_t line = { .is_strict = words->is_strict };
    int status = read_command_line(words, &line);
    status = status == EVPROF_OK ? parse_line(&line, options, out, err)
                                 : evprof_fail(err, status, "out of memory");
    free(line.name);
    free(line.args);
    return status;
}
