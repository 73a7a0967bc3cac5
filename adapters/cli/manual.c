/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page: prose of its own, and lists made from the tables. */
#include "adapters/cli/manual.h"

#include <string.h>

#include "adapters/cli/help_entries.h"
#include "adapters/cli/shell_table.h"

static const char head[] =
    ".Dd November 29, 2026\n"
    ".Dt EVPROF 1\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm evprof\n"
    ".Nd show where a program spends its time and memory\n"
    ".Sh SYNOPSIS\n"
    ".Nm\n"
    ".Ar report\n"
    ".Op Ar option ...\n"
    ".Op Ar binary\n"
    ".Ar source ...\n"
    ".Nm\n"
    ".Op Ar option ...\n"
    ".Op Ar binary\n"
    ".Ar source ...\n"
    ".Nm\n"
    ".Fl http Ns = Ns Oo Ar host Oc : Ns Ar port\n"
    ".Op Ar option ...\n"
    ".Op Ar binary\n"
    ".Ar source ...\n"
    ".Nm\n"
    ".Cm run\n"
    ".Op Ar flag ...\n"
    ".Ar command\n"
    ".Op Ar argument ...\n"
    ".Nm\n"
    ".Cm ps\n"
    ".Nm\n"
    ".Fl t Ar file\n"
    ".Nm\n"
    ".Fl T Ar file\n"
    ".Sh DESCRIPTION\n"
    ".Nm\n"
    "reads profiles and shows what they say: which functions take the time, "
    "hold\n"
    "the memory or wait for locks, who called them, and on which lines.\n"
    ".Pp\n"
    "A\n"
    ".Ar source\n"
    "is a file, a URL, or\n"
    ".Ql \\-\n"
    "for standard input; profiles of several sources are merged.\n"
    "A file may be a profile of pprof, Go, gperftools or jemalloc, perf.data "
    "or the\n"
    "output of perf script, or folded stacks, compressed by gzip or zstd or "
    "not.\n"
    "A\n"
    ".Ar binary\n"
    "before the sources is the program that was profiled; its names are taken "
    "for\n"
    "addresses that have none.\n"
    ".Pp\n"
    "With a\n"
    ".Ar report\n"
    "that report is written and\n"
    ".Nm\n"
    "ends.\n"
    "Without one it reads commands: the names of reports, and assignments to\n"
    "options.\n"
    "With\n"
    ".Fl http\n"
    "it shows all reports in a browser.\n"
    ".Pp\n"
    "Flags begin with one dash or two and may stand before or behind sources;\n"
    ".Ql \\-\\-\n"
    "ends them.\n"
    "A value follows its flag behind\n"
    ".Ql =\n"
    "or as the next word.\n"
    "What is true or false takes a value behind\n"
    ".Ql =\n"
    "only.\n"
    ".Pp\n"
    ".Cm run\n"
    "starts a program with the profiler preloaded,\n"
    ".Cm ps\n"
    "lists the programs of this machine that serve profiles;\n"
    ".Nm\n"
    ".Cm run\n"
    ".Fl help\n"
    "lists the flags of the first.\n";

static const char tail[] =
    ".Sh ENVIRONMENT\n"
    ".Bl -tag -width Ds\n"
    ".It Ev PPROF_TMPDIR\n"
    "Folder that fetched profiles are kept in, by default\n"
    ".Pa ~/pprof .\n"
    ".It Ev PPROF_BINARY_PATH\n"
    "Folders with binaries, separated by colons.\n"
    ".It Ev BROWSER\n"
    "The program that shows pages.\n"
    ".It Ev NO_COLOR\n"
    "No colours when it is set.\n"
    ".It Ev DEBUGINFOD_URLS\n"
    "Servers that\n"
    ".Fl debuginfod\n"
    "asks.\n"
    ".It Ev http_proxy , https_proxy , all_proxy , no_proxy\n"
    "Proxies, as\n"
    ".Xr curl 1\n"
    "takes them.\n"
    ".El\n"
    ".Sh FILES\n"
    ".Bl -tag -width Ds\n"
    ".It Pa ~/.local/state/evprof/history\n"
    "Lines that were typed into the shell.\n"
    ".It Pa ~/.config/pprof/settings.json\n"
    "Options that were saved by name.\n"
    ".El\n"
    ".Sh EXIT STATUS\n"
    "0 when the report was written, 2 when something failed; standard error "
    "says\n"
    "what.\n"
    ".Sh EXAMPLES\n"
    "The functions that a server spent the next ten seconds in:\n"
    ".Pp\n"
    ".Dl evprof \\-top 'http://localhost:8080/debug/pprof/profile?seconds=10'\n"
    ".Pp\n"
    "Its memory in use as a flame graph:\n"
    ".Pp\n"
    ".Dl evprof \\-flame \\-output=heap.html "
    "http://localhost:8080/debug/pprof/heap\n"
    ".Pp\n"
    "The lines of a function, and what has changed between two profiles:\n"
    ".Bd -literal -offset indent\n"
    "evprof \\-list=Cart::total \\-source_path=src cpu.pb.gz\n"
    "evprof \\-diff \\-base=before.pb.gz after.pb.gz\n"
    ".Ed\n"
    ".Sh SEE ALSO\n"
    ".Xr perf 1 ,\n"
    ".Xr evprof.conf 5\n";

/* Appends text of which nothing is a request or an escape; a sentence begins a
 * line, as the language wants it. */
static void
add_text(evprof_buf_t *out, const char *text, size_t len)
{
    bool is_start = true;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (is_start && (c == '.' || c == '\'')) {
            evprof_buf_puts(out, "\\&");
        }
        is_start = false;
        if (c == '\\') {
            evprof_buf_puts(out, "\\e");
        } else if (c == '-') {
            evprof_buf_puts(out, "\\-");
        } else if (c == '.' && i + 1 < len &&
                   (text[i + 1] == ' ' || text[i + 1] == '\n')) {
            evprof_buf_puts(out, ".\n");
            i++;
            is_start = true;
        } else {
            evprof_buf_putc(out, c);
        }
    }
}

/* The first line of help as a sentence, and the rest as it is. */
static void
add_help(evprof_buf_t *out, const char *help)
{
    size_t len = strcspn(help, "\n");
    add_text(out, help, len);
    evprof_buf_puts(out, ".\n");
    const char *rest = help + len + (help[len] == '\n');
    size_t rest_len = strlen(rest);
    rest_len -= rest_len > 0 && rest[rest_len - 1] == '\n';
    if (rest_len > 0) {
        add_text(out, rest, rest_len);
        evprof_buf_putc(out, '\n');
    }
}

typedef struct list {
    evprof_buf_t *out;
    const char *group; /* of the last one */
} list_t;

static void
add_item(void *ctx, const cli_entry_t *e)
{
    list_t *list = ctx;
    evprof_buf_t *out = list->out;
    if (list->group != e->group) {
        evprof_buf_puts(out, list->group != NULL ? ".El\n" : "");
        evprof_buf_printf(out, ".Ss %s\n.Bl -tag -width Ds\n", e->group);
        list->group = e->group;
    }
    evprof_buf_printf(out, ".It Fl %s", e->name);
    if (e->value != NULL) {
        evprof_buf_printf(out, "%s Ar %s", e->is_alone ? "" : " Ns = Ns",
                          e->value);
    }
    evprof_buf_putc(out, '\n');
    add_help(out, e->help);
}

static void
add_shell(evprof_buf_t *out)
{
    evprof_buf_puts(out,
                    ".Sh THE SHELL\n"
                    "A line is the name of a report, with words behind it, "
                    "or one of these:\n"
                    ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < cli_shell_table_count; i++) {
        const cli_shell_command_t *c = &cli_shell_table[i];
        if (c->help == NULL) {
            continue;
        }
        evprof_buf_printf(out, ".It Ic %s%s%s\n",
                          strcmp(c->name, ":") == 0 ? "\\&:" : c->name,
                          c->value != NULL ? " Ar " : "",
                          c->value != NULL ? c->value : "");
        add_help(out, c->help);
    }
    evprof_buf_puts(
        out, ".It Ar NAME Ns = Ns Ar VALUE\n"
             "Set an option; a name alone switches one on, or chooses a sample "
             "type.\n"
             ".El\n"
             ".Pp\n"
             "Behind a report a number says how many nodes to show, a regular\n"
             "expression what to focus on, one behind a dash what to ignore,\n"
             ".Ql >\n"
             "and a name a file,\n"
             ".Ql |\n"
             "and a command where the report goes.\n");
}

bool
cli_manual(evprof_buf_t *out, const char *name)
{
    list_t list = { .out = out };
    if (strcmp(name, "man") != 0) {
        return false;
    }
    evprof_buf_puts(out, head);
    cli_entries_each(add_item, &list);
    evprof_buf_puts(out, ".El\n");
    add_shell(out);
    evprof_buf_puts(out, tail);
    return true;
}
