/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/cli/help.h"

#include <stdio.h>
#include <string.h>

#include "adapters/cli/cli.h"
#include "adapters/cli/completions.h"
#include "adapters/cli/flag_table.h"
#include "adapters/cli/help_entries.h"
#include "adapters/cli/manual.h"
#include "adapters/cli/shell_table.h"
#include "adapters/cli/viewer.h"

/* Lines of help are no longer than this. */
#define WIDTH 79
/* Where the second column begins. */
#define COLUMN 24

static const char overview[] =
    "evprof shows where a program spends its time and memory, and what it "
    "waits\n"
    "for.\n"
    "\n"
    "usage: evprof REPORT [OPTION]... [BINARY] SOURCE...    one report\n"
    "       evprof [OPTION]... [BINARY] SOURCE...           a shell\n"
    "       evprof -http=:PORT [OPTION]... SOURCE...        in a browser\n"
    "       evprof run [FLAG]... COMMAND [ARGUMENT]...      profile a program\n"
    "       evprof ps                        list programs that serve "
    "profiles\n"
    "\n"
    "A SOURCE is a file, a URL, or - for standard input; several are merged. "
    "A\n"
    "file may be a profile of pprof, Go, gperftools or jemalloc, the output "
    "of\n"
    "perf, or folded stacks. BINARY is the program that was profiled.\n"
    "\n"
    "Examples:\n"
    "  evprof -top 'http://localhost:8080/debug/pprof/profile?seconds=10'\n"
    "  evprof -flame -output=heap.html http://localhost:8080/debug/pprof/heap\n"
    "  evprof -list=Cart::total -source_path=src cpu.pb.gz\n"
    "  evprof -diff -base=before.pb.gz after.pb.gz\n"
    "  evprof cpu.pb.gz\n"
    "\n";

static const char overview_end[] =
    "\n"
    "evprof -help NAME explains a report or an option, -help all everything.\n";

static const char environment[] =
    "Environment:\n"
    "  PPROF_TMPDIR          Folder for fetched profiles, ~/pprof by default\n"
    "  PPROF_BINARY_PATH     Folders with binaries, separated by colons\n"
    "  BROWSER               What opens pages\n"
    "  NO_COLOR              No colours when it is set\n"
    "  http_proxy, https_proxy, all_proxy, no_proxy   As curl takes them\n";

/* ---- Lists of names, wrapped ---- */

typedef struct names {
    evprof_buf_t *out;
    const char *group; /* of the last one */
    size_t column;
} names_t;

static void
add_name(void *ctx, const cli_entry_t *e)
{
    names_t *n = ctx;
    size_t len = strlen(e->name) + 2;
    const char *value = e->is_report ? e->value : NULL;
    len += value != NULL ? strlen(value) + 1 : 0;
    if (e->is_old) {
        return;
    }
    if (n->group != e->group) {
        evprof_buf_printf(n->out, "%s%s:\n ", n->group != NULL ? "\n" : "",
                          e->group);
        n->group = e->group;
        n->column = 1;
    } else if (n->column + len > WIDTH) {
        evprof_buf_puts(n->out, "\n ");
        n->column = 1;
    }
    evprof_buf_printf(n->out, " -%s%s%s", e->name, value != NULL ? "=" : "",
                      value != NULL ? value : "");
    n->column += len;
}

static void
add_overview(evprof_buf_t *out)
{
    names_t n = { .out = out };
    evprof_buf_puts(out, overview);
    cli_entries_each(add_name, &n);
    evprof_buf_putc(out, '\n');
    evprof_buf_puts(out, overview_end);
}

/* ---- Everything ---- */

/* Appends the words of `text` in lines that begin at COLUMN; the first line has
 * got to `column` already. Only the first newline of the text ends a line. */
static void
add_wrapped(evprof_buf_t *out, size_t column, const char *text)
{
    bool is_first = true;
    while (*(text += strspn(text, " ")) != '\0') {
        size_t len = strcspn(text, " \n");
        if (column > COLUMN && column + 1 + len > WIDTH) {
            evprof_buf_putc(out, '\n');
            column = 0;
        }
        int gap = column > COLUMN ? 1 : (int)(COLUMN - column);
        evprof_buf_printf(out, "%*s%.*s", gap, "", (int)len, text);
        column += (size_t)gap + len;
        text += len;
        if (*text == '\n') {
            text++;
            if (is_first) {
                evprof_buf_putc(out, '\n');
                column = 0;
            }
            is_first = false;
        }
    }
    if (column > 0) {
        evprof_buf_putc(out, '\n');
    }
}

/* "  -name=VALUE           what it is", and what else there is to say below. */
static void
add_entry(evprof_buf_t *out, const char *dash, const char *name,
          const char *value, const char *help)
{
    size_t before = out->len;
    const char *link = dash[0] == '\0' || name[1] == '\0' ? " " : "=";
    evprof_buf_printf(out, "  %s%s%s%s", dash, name, value == NULL ? "" : link,
                      value != NULL ? value : "");
    size_t column = out->len - before;
    if (column + 2 > COLUMN) {
        evprof_buf_putc(out, '\n');
        column = 0;
    }
    add_wrapped(out, column, help);
}

typedef struct entries {
    evprof_buf_t *out;
    const char *group; /* of the last one */
    bool is_shell;     /* reports only, without dashes */
} entries_t;

static void
add_of_group(void *ctx, const cli_entry_t *e)
{
    entries_t *all = ctx;
    if (all->is_shell && !e->is_report) {
        return;
    }
    if (all->group != e->group) {
        evprof_buf_printf(all->out, "%s%s:\n", all->group != NULL ? "\n" : "",
                          e->group);
        all->group = e->group;
    }
    add_entry(all->out, all->is_shell ? "" : "-", e->name, e->value, e->help);
}

static void
add_all(evprof_buf_t *out, bool is_shell)
{
    entries_t all = { .out = out, .is_shell = is_shell };
    cli_entries_each(add_of_group, &all);
    evprof_buf_putc(out, '\n');
}

void
cli_help_shell(evprof_buf_t *out)
{
    add_all(out, true);
    evprof_buf_puts(out, "What follows the name of a report:\n");
    add_entry(out, "", "N", NULL, "Show that many");
    add_entry(out, "", "REGEX", NULL, "With a matching frame only, as focus");
    add_entry(out, "", "-REGEX", NULL, "Without one, as ignore");
    add_entry(out, "", "-cum", NULL, "Order by weight with what was called");
    add_entry(out, "", "> FILE", NULL, "Write the report to a file");
    add_entry(out, "", "| COMMAND", NULL, "Hand the report to a command");
    evprof_buf_puts(out, "\nThe shell:\n");
    for (size_t i = 0; i < cli_shell_table_count; i++) {
        const cli_shell_command_t *c = &cli_shell_table[i];
        if (c->help != NULL) {
            add_entry(out, "", c->name, c->value, c->help);
        }
    }
    add_entry(out, "", "NAME=VALUE", NULL, "Set an option; options lists them");
    add_entry(out, "", "NAME", NULL,
              "Switch an option on, or choose that sample type");
    evprof_buf_puts(out, "\nhelp NAME explains a report or an option.\n");
}

/* ---- One name ---- */

static void
add_types(evprof_buf_t *out, const evprof_pprof_t *p)
{
    evprof_buf_puts(out, "This profile has");
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_printf(out, "%s %s", i > 0 ? "," : "", p->types[i].type);
    }
    evprof_buf_puts(out, ".\n");
}

static void
add_report(evprof_buf_t *out, const evprof_report_t *report)
{
    bool takes_words =
        (report->flags & (EVPROF_REPORT_WORDS | EVPROF_REPORT_PARAM |
                          EVPROF_REPORT_TAG_WORDS)) != 0;
    bool has_param = (report->flags & EVPROF_REPORT_PARAM) != 0;
    const char *param = has_param ? "REGEX" : NULL;
    evprof_buf_printf(out, "%s\n\n", report->summary);
    evprof_buf_printf(out, "  evprof -%s%s%s [OPTION]... SOURCE...\n",
                      report->name, param != NULL ? "=" : "",
                      param != NULL ? param : "");
    evprof_buf_printf(out, "  in the shell: %s%s%s%s%s\n", report->name,
                      param != NULL ? " " : "", param != NULL ? param : "",
                      takes_words ? " [N] [REGEX]... [-REGEX]..." : "",
                      cli_has_viewer(report) ? "" : " [> FILE] [| COMMAND]");
}

static void
add_option(evprof_buf_t *out, const evprof_option_t *option,
           const evprof_pprof_t *p)
{
    add_entry(out, "-", option->name, option->takes, option->help);
    for (const evprof_choice_t *c = option->choices;
         c != NULL && c->name != NULL; c++) {
        add_entry(out, "-", c->name, NULL, c->help);
    }
    if (option->by_default[0] != '\0') {
        evprof_buf_printf(out, "%*sBy default %s.\n", COLUMN, "",
                          option->by_default);
    }
    if (p != NULL && strcmp(option->name, "sample_index") == 0) {
        add_types(out, p);
    }
}

bool
cli_help_on(evprof_buf_t *out, const char *name, const evprof_pprof_t *p)
{
    const evprof_report_t *report = evprof_report_find(name);
    const cli_flag_t *flag = cli_flag_find(name);
    const evprof_option_t *option = evprof_option_find(name);
    option = option != NULL ? option : evprof_option_of_choice(name);
    const cli_shell_command_t *command = cli_shell_command_find(name);
    if (report != NULL) {
        add_report(out, report);
    } else if (option != NULL) {
        add_option(out, option, p);
    } else if (flag != NULL && flag->help != NULL) {
        add_entry(out, "-", flag->name, flag->value, flag->help);
    } else if (command != NULL && command->help != NULL) {
        add_entry(out, "", command->name, command->value, command->help);
    } else {
        return false;
    }
    return true;
}

bool
cli_help(const char *name)
{
    evprof_buf_t text = { 0 };
    bool is_known = true;
    if (name == NULL) {
        add_overview(&text);
    } else if (strcmp(name, "all") == 0) {
        evprof_buf_puts(&text, overview);
        add_all(&text, false);
        evprof_buf_puts(&text, environment);
    } else if (!cli_manual(&text, name) && !cli_completions(&text, name)) {
        is_known = cli_help_on(&text, name + strspn(name, "-"), NULL);
    }
    if (!is_known) {
        cli_tell("evprof: no help on %s: it is no report, option or flag",
                 name);
        cli_tell("evprof -help lists what there is");
    } else if (!text.failed) {
        (void)fwrite(text.data, 1, text.len, stdout);
    }
    evprof_buf_free(&text);
    return is_known;
}
