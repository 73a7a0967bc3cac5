/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion. Commands and options are found by their beginning, functions by
 * any part of the name, so that no namespace has to be typed first.
 */
#include <string.h>

#include "adapters/cli/shell.h"
#include "adapters/cli/shell_table.h"

typedef struct finder {
    const cli_shell_t *shell;
    const char *typed; /* the last word */
    void (*found)(void *ctx, const char *word);
    void *ctx;
} finder_t;

static void
offer(finder_t *f, const char *word)
{
    if (strncmp(word, f->typed, strlen(f->typed)) == 0) {
        f->found(f->ctx, word);
    }
}

static void
offer_columns(finder_t *f)
{
    const evprof_pprof_t *p = f->shell->profile;
    for (size_t i = 0; i < p->type_count; i++) {
        offer(f, p->types[i].type);
    }
}

static void
offer_choices(finder_t *f, const evprof_option_t *option)
{
    const evprof_choice_t *c = option->choices;
    for (; c != NULL && c->name != NULL; c++) {
        offer(f, c->name);
    }
}

static void
offer_commands(finder_t *f)
{
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        offer(f, evprof_reports[i]->name);
    }
    for (size_t i = 0; i < evprof_option_count; i++) {
        offer(f, evprof_option_table[i].name);
        offer_choices(f, &evprof_option_table[i]);
    }
    for (size_t i = 0; i < cli_shell_table_count; i++) {
        offer(f, cli_shell_table[i].name);
    }
    offer_columns(f);
}

static void
offer_values(finder_t *f, const evprof_option_t *option)
{
    if (strcmp(option->name, "sample_index") == 0) {
        offer_columns(f);
    } else if (option->kind == EVPROF_OPTION_BOOL) {
        offer(f, "true");
        offer(f, "false");
    } else {
        offer_choices(f, option);
    }
}

/* Writes the name as an expression that matches it. Special characters get a
 * backslash; a space, which would end the word, becomes "."; a control byte,
 * which reports show as several characters, becomes ".*". */
static void
offer_function(finder_t *f, const char *dash, const char *name)
{
    evprof_buf_t word = { 0 };
    evprof_buf_puts(&word, dash);
    for (const char *at = name; *at != '\0'; at++) {
        if (strchr("\\.+*?()|[]{}^$", *at) != NULL) {
            evprof_buf_putc(&word, '\\');
        }
        if (*at == ' ') {
            evprof_buf_putc(&word, '.');
        } else if ((unsigned char)*at < ' ' || *at == 0x7f) {
            evprof_buf_puts(&word, ".*");
        } else {
            evprof_buf_putc(&word, *at);
        }
    }
    if (!word.failed) {
        f->found(f->ctx, word.data);
    }
    evprof_buf_free(&word);
}

static void
offer_functions(finder_t *f)
{
    const evprof_pprof_t *p = f->shell->profile;
    const char *dash = f->typed[0] == '-' ? "-" : "";
    const char *part = f->typed + strlen(dash);
    for (size_t i = 0; i < p->function_count && part[0] != '\0'; i++) {
        if (strstr(p->functions[i].name, part) != NULL) {
            offer_function(f, dash, p->functions[i].name);
        }
    }
}

/* The option whose value is being typed in "name=val", or NULL. */
static const evprof_option_t *
assigned_option(const char *line)
{
    const char *equals = strchr(line, '=');
    if (equals == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < evprof_option_count; i++) {
        const char *name = evprof_option_table[i].name;
        size_t len = strlen(name);
        if (strncmp(line, name, len) == 0 &&
            strspn(line + len, " \t") == (size_t)(equals - line) - len) {
            return &evprof_option_table[i];
        }
    }
    return NULL;
}

void
cli_complete(const cli_shell_t *shell, const char *line,
             void (*found)(void *ctx, const char *word), void *ctx)
{
    line += strspn(line, " \t");
    size_t start = strlen(line);
    while (start > 0 && strchr(" \t=", line[start - 1]) == NULL) {
        start--;
    }
    finder_t f = {
        .shell = shell, .typed = line + start, .found = found, .ctx = ctx
    };
    const evprof_option_t *option = assigned_option(line);
    if (option != NULL) {
        offer_values(&f, option);
    } else if (start == 0 || strncmp(line, "help ", 5) == 0) {
        offer_commands(&f);
    } else {
        offer_functions(&f);
    }
}
