/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. A flag has one dash or two and its value behind "=" or as
 * the next word; one that is true or false takes a value only behind "=". Flags
 * and sources come in any order, and after "--" every word is a source. Each
 * report, each option of reports and each of their choices is a flag, besides
 * those of flag_table.c. What the flags say together is settled by
 * flag_apply.c.
 */
#include "adapters/cli/flags.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/cli/flag_apply.h"
#include "adapters/cli/help.h"
#include "adapters/cli/remote.h"
#include "adapters/cli/shell_words.h"
#include "core/base/error.h"
#include "core/base/flag_text.h"

/* What a flag's name stands for. */
typedef struct meaning {
    const cli_flag_t *own; /* of flag_table.c */
    size_t report;         /* index, where `is_report` */
    bool is_report;
    const evprof_option_t *option;
    const char *choice; /* one of the option's, or NULL */
} meaning_t;

static bool
find_meaning(const char *name, meaning_t *out)
{
    *out = (meaning_t){ .own = cli_flag_find(name) };
    for (size_t i = 0; i < CLI_MAX_REPORTS && evprof_reports[i] != NULL; i++) {
        if (strcmp(evprof_reports[i]->name, name) == 0) {
            out->report = i;
            out->is_report = true;
        }
    }
    out->option = evprof_option_find(name);
    if (out->option == NULL || out->option->choices != NULL) {
        out->option = evprof_option_of_choice(name);
        out->choice = out->option != NULL ? name : NULL;
    }
    return out->own != NULL || out->is_report || out->option != NULL;
}

/* True for what is said by its name alone. */
static bool
is_switch(const meaning_t *m)
{
    if (m->own != NULL) {
        return m->own->kind == CLI_FLAG_BOOL || m->own->kind == CLI_FLAG_COLUMN;
    }
    if (m->is_report) {
        return (evprof_reports[m->report]->flags & EVPROF_REPORT_PARAM) == 0;
    }
    return m->choice != NULL || m->option->kind == EVPROF_OPTION_BOOL;
}

static int
add_to_list(cli_list_t *list, const char *value)
{
    const char **items =
        realloc(list->items, (list->count + 1) * sizeof(*items));
    if (items == NULL) {
        return EVPROF_ENOMEM;
    }
    items[list->count++] = value;
    list->items = items;
    return EVPROF_OK;
}

static int
set_own(cli_parse_t *p, const cli_flag_t *flag, const char *value,
        evprof_error_t *err)
{
    void *field = (char *)p->cli + flag->offset;
    int status = EVPROF_OK;
    bool is_on = true;
    switch (flag->kind) {
    case CLI_FLAG_BOOL:
        return evprof_flag_switch(value, field, err);
    case CLI_FLAG_INT:
        return evprof_flag_int(value, field, err);
    case CLI_FLAG_TEXT:
        *(const char **)field = value;
        return EVPROF_OK;
    case CLI_FLAG_LIST:
        status = value[0] != '\0' ? add_to_list(field, value) : EVPROF_OK;
        break;
    case CLI_FLAG_COLUMN:
        status = evprof_flag_switch(value, &is_on, err);
        if (status == EVPROF_OK && is_on && p->column_count < CLI_MAX_COLUMNS) {
            p->columns[p->column_count++] = flag;
        }
        return status;
    case CLI_FLAG_ALONE:
    default:
        return evprof_fail(err, EVPROF_EINVAL, "it must come first");
    }
    return status == EVPROF_OK ? status
                               : evprof_fail(err, status, "out of memory");
}

/* A report may be switched off again: -top=false. */
static int
set_report(cli_parse_t *p, size_t index, const char *value, evprof_error_t *err)
{
    if ((evprof_reports[index]->flags & EVPROF_REPORT_PARAM) != 0) {
        p->params[index] = value;
        return EVPROF_OK;
    }
    return evprof_flag_switch(value, &p->is_asked[index], err);
}

static int
set_choice(cli_parse_t *p, const meaning_t *m, const char *value,
           evprof_error_t *err)
{
    bool is_on;
    int status = evprof_flag_switch(value, &is_on, err);
    if (status != EVPROF_OK || !is_on) {
        return status;
    }
    size_t index = (size_t)(m->option - evprof_option_table);
    const char *before = p->choices[index];
    if (before != NULL && strcmp(before, m->choice) != 0) {
        return evprof_fail(err, EVPROF_EINVAL, "it contradicts -%s", before);
    }
    p->choices[index] = m->choice;
    return evprof_option_set(&p->cli->options, m->option, m->choice, err);
}

static int
set_meaning(cli_parse_t *p, const meaning_t *m, const char *value,
            evprof_error_t *err)
{
    if (m->own != NULL) {
        return set_own(p, m->own, value, err);
    }
    if (m->is_report) {
        return set_report(p, m->report, value, err);
    }
    return m->choice != NULL
               ? set_choice(p, m, value, err)
               : evprof_option_set(&p->cli->options, m->option, value, err);
}

static enum cli_parsed
refuse_unknown(const char *name)
{
    const char *near = cli_nearest(name, true);
    cli_tell("evprof: there is no flag -%s%s%s%s", name,
             near != NULL ? "; did you mean -" : "", near != NULL ? near : "",
             near != NULL ? "?" : "");
    cli_tell("evprof -help lists what there is");
    return CLI_WRONG;
}

static enum cli_parsed
refuse_value(const char *name, const char *reason)
{
    cli_tell("evprof: -%s: %s", name, reason);
    cli_tell("evprof -help %s explains it", name);
    return CLI_WRONG;
}

static enum cli_parsed
help(int argc, char **argv, int at, const char *value)
{
    if (value == NULL && at < argc && argv[at][0] != '-') {
        value = argv[at];
    }
    return cli_help(value) ? CLI_DONE : CLI_WRONG;
}

/* Sets the flag `name`, whose value is behind its "=", or the next word at
 * `*at`, which moves on. */
static enum cli_parsed
take_flag(cli_parse_t *p, const char *name, const char *value, char **next)
{
    meaning_t m;
    evprof_error_t err;
    if (!find_meaning(name, &m)) {
        return refuse_unknown(name);
    }
    if (value == NULL && is_switch(&m)) {
        value = "true";
    } else if (value == NULL && *next == NULL) {
        return refuse_value(name, "its value is missing");
    } else if (value == NULL) {
        value = *next;
        p->took_word = true;
    }
    return set_meaning(p, &m, value, &err) == EVPROF_OK
               ? CLI_GO_ON
               : refuse_value(name, err.message);
}

/* Parses the flag at `*at`, which moves on to the word after it. */
static enum cli_parsed
parse_flag(cli_parse_t *p, int argc, char **argv, int *at)
{
    evprof_flag_word_t flag = evprof_flag_split(argv[(*at)++]);
    char *name = strndup(flag.name, flag.len);
    enum cli_parsed result;
    if (name == NULL) {
        result = cli_refuse("out of memory");
    } else if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0) {
        result = help(argc, argv, *at, flag.value);
    } else {
        p->took_word = false;
        result = take_flag(p, name, flag.value, &argv[*at]);
        *at += p->took_word;
    }
    free(name);
    return result;
}

static enum cli_parsed
parse_words(cli_parse_t *p, int argc, char **argv)
{
    bool is_over = false;
    for (int at = 1; at < argc;) {
        enum cli_parsed result = CLI_GO_ON;
        if (!is_over && strcmp(argv[at], "--") == 0) {
            is_over = true;
            at++;
        } else if (!is_over && evprof_flag_is(argv[at])) {
            result = parse_flag(p, argc, argv, &at);
        } else if (add_to_list(&p->cli->sources, argv[at++]) != EVPROF_OK) {
            result = cli_refuse("out of memory");
        }
        if (result != CLI_GO_ON) {
            return result;
        }
    }
    return CLI_GO_ON;
}

enum cli_parsed
cli_parse(cli_t *cli, int argc, char **argv)
{
    *cli = (cli_t){ .symbolize = "",
                    .build_id = "",
                    .comment = "",
                    .http = "",
                    .seconds = -1,
                    .timeout = -1 };
    const char *tools = getenv("PPROF_TOOLS");
    cli->tools = tools != NULL ? tools : "";
    evprof_error_t err;
    if (evprof_options_init(&cli->options, &err) != EVPROF_OK) {
        return cli_refuse("%s", err.message);
    }
    cli_parse_t p = { .cli = cli };
    enum cli_parsed result = parse_words(&p, argc, argv);
    return result == CLI_GO_ON && !cli->wants_version ? cli_apply(&p) : result;
}

void
cli_free(cli_t *cli)
{
    evprof_options_free(&cli->options);
    free(cli->sources.items);
    free(cli->bases.items);
    free(cli->diff_bases.items);
    free(cli->headers.items);
    free(cli->proxy_headers.items);
    cli_forget_secrets(cli);
}
