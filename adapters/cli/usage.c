/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help, made from the tables of reports and options; only the flags that belong
 * to neither are described here. The layout is pprof's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/cli.h"

static const char usage_head[] =
    "usage:\n"
    "\n"
    "Produce output in the specified format.\n"
    "\n"
    "   pprof <format> [options] [binary] <source> ...\n"
    "\n"
    "Omit the format to get an interactive shell whose commands can be used\n"
    "to generate various views of a profile\n"
    "\n"
    "   pprof [options] [binary] <source> ...\n"
    "\n"
    "Omit the format and provide the \"-http\" flag to get an interactive web\n"
    "interface at the specified host:port that can be used to navigate "
    "through\n"
    "various views of a profile.\n"
    "\n"
    "   pprof -http [host]:[port] [options] [binary] <source> ...\n"
    "\n"
    "Details:\n";

static const char usage_sources[] =
    "\n\n"
    "  Source options:\n"
    "    -seconds              Duration for time-based profile collection\n"
    "    -timeout              Timeout in seconds for profile collection\n"
    "    -buildid              Override build id for main binary\n"
    "    -add_comment          Free-form annotation to add to the profile\n"
    "                          Displayed on some reports or with pprof "
    "-comments\n"
    "    -diff_base source     Source of base profile for comparison\n"
    "    -base source          Source of base profile for profile "
    "subtraction\n"
    "    profile.pb.gz         Profile in compressed protobuf format\n"
    "    legacy_profile        Profile in legacy pprof format\n"
    "    http://host/profile   URL for profile handler to retrieve\n"
    "    -symbolize=           Controls source of symbol information\n"
    "      none                  Do not attempt symbolization\n"
    "      local                 Examine only local binaries\n"
    "      fastlocal             Only get function names from local binaries\n"
    "      remote                Do not examine local binaries\n"
    "      force                 Force re-symbolization\n"
    "    Binary                  Local path or build id of binary for "
    "symbolization\n";

static const char usage_fetch[] =
    "\n\n"
    "  Fetch options:\n"
    "    -proxy URL            Proxy for all sources: http, https, socks5, "
    "socks5h\n"
    "    -proxy_user USER      Its name:password, or @FILE; a name alone asks\n"
    "    -proxy_auth KIND      any, basic, digest, ntlm or negotiate\n"
    "    -proxy_tls_ca FILE    Authorities that an https proxy may be signed "
    "by\n"
    "    -proxy_header LINE    Header for the proxy, or @FILE; may be "
    "repeated\n"
    "    -header LINE          Header for the target, or @FILE; may be "
    "repeated\n"
    "    -bearer_token_file F  Token for the target\n"
    "    -netrc, -netrc_file F Names and passwords by host\n"
    "    -cookie_file FILE     Cookies in Netscape's or curl's format\n"
    "    -tls_cert, -tls_key   Client certificate and its key\n"
    "    -tls_ca FILE          Authorities that the target may be signed by\n"
    "    -unix_socket PATH     Connect there; or http+unix://%2Fpath/...\n"
    "    -retry N              Further attempts when a profile cannot have "
    "begun\n"
    "    -parallel N           Connections at once (default 64)\n"
    "    -max_bytes N          Largest answer to accept (default 1 GiB)\n"
    "    -sources FILE         More sources, with labels and credentials\n";

static const char usage_misc[] =
    "\n\n"
    "  Misc options:\n"
    "   -http              Provide web interface at host:port.\n"
    "                      Host is optional and 'localhost' by default.\n"
    "                      Port is optional and a randomly available port by "
    "default.\n"
    "   -no_browser        Skip opening a browser for the interactive web UI.\n"
    "   -tools             Search path for object tools\n"
    "   -all_frames        Ignore drop_frames and keep_frames regexps in the "
    "profile\n"
    "                      Rarely needed, mainly used for debugging pprof "
    "itself\n"
    "   -strict            Do as pprof does where evprof does better\n"
    "   -version           Print the version and exit\n"
    "   -t -c FILE         Check a server's configuration file and exit\n"
    "   -T -c FILE         Print the configuration in force and its origins\n"
    "   -directives        Print every directive of such a file\n"
    "\n"
    "  Legacy convenience options:\n"
    "   -inuse_space           Same as -sample_index=inuse_space\n"
    "   -inuse_objects         Same as -sample_index=inuse_objects\n"
    "   -alloc_space           Same as -sample_index=alloc_space\n"
    "   -alloc_objects         Same as -sample_index=alloc_objects\n"
    "   -total_delay           Same as -sample_index=delay\n"
    "   -contentions           Same as -sample_index=contentions\n"
    "   -mean_delay            Same as -mean -sample_index=delay\n"
    "\n"
    "  Environment Variables:\n"
    "   PPROF_TMPDIR       Location for saved profiles (default $HOME/pprof)\n"
    "   PPROF_TOOLS        Search path for object-level tools\n"
    "   PPROF_BINARY_PATH  Search path for local binary files\n"
    "                      default: $HOME/pprof/binaries\n"
    "                      searches $buildid/$name, $buildid/*, "
    "$path/$buildid,\n"
    "                      ${buildid:0:2}/${buildid:2}.debug, $name, $path,\n"
    "                      ${name}.debug, $dir/.debug/${name}.debug,\n"
    "                      usr/lib/debug/$dir/${name}.debug\n"
    "   * On Windows, %USERPROFILE% is used instead of $HOME";

/* "    name             first line of the help" */
static void
add_line(evprof_buf_t *out, const char *prefix, const char *name,
         const char *help)
{
    evprof_buf_t word = { 0 };
    evprof_buf_printf(&word, "%s%s", prefix, name);
    evprof_buf_printf(out, "    %-16s %.*s", word.failed ? name : word.data,
                      (int)strcspn(help, "\n"), help);
    evprof_buf_free(&word);
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines that are collected, then sorted and joined. */
struct lines {
    char *items[CLI_MAX_REPORTS * 2];
    size_t count;
};

static void
add_sorted(struct lines *lines, evprof_buf_t *line)
{
    if (!line->failed &&
        lines->count < sizeof(lines->items) / sizeof(lines->items[0])) {
        lines->items[lines->count++] = line->data;
    } else {
        evprof_buf_free(line);
    }
}

static void
join(evprof_buf_t *out, struct lines *lines, size_t sorted)
{
    qsort(lines->items, sorted, sizeof(char *), compare_lines);
    for (size_t i = 0; i < lines->count; i++) {
        evprof_buf_printf(out, "%s%s", i > 0 ? "\n" : "", lines->items[i]);
        free(lines->items[i]);
    }
}

static void
add_commands(evprof_buf_t *out, bool as_flags)
{
    struct lines lines = { .count = 0 };
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        evprof_buf_t line = { 0 };
        add_line(&line, as_flags ? "-" : "", evprof_reports[i]->name,
                 evprof_reports[i]->summary);
        add_sorted(&lines, &line);
    }
    size_t sorted = lines.count;
    if (!as_flags) {
        evprof_buf_t options = { 0 };
        add_line(&options, "", "o/options",
                 "List options and their current values");
        add_sorted(&lines, &options);
        evprof_buf_t quit = { 0 };
        add_line(&quit, "", "q/quit/exit/^D", "Exit pprof");
        add_sorted(&lines, &quit);
    }
    join(out, &lines, sorted);
}

static void
add_options(evprof_buf_t *out, const char *prefix)
{
    struct lines lines = { .count = 0 };
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        if (option->choices == NULL) {
            evprof_buf_t line = { 0 };
            add_line(&line, prefix, option->name, option->help);
            add_sorted(&lines, &line);
        }
    }
    join(out, &lines, lines.count);
}

static void
add_groups(evprof_buf_t *out, const char *prefix)
{
    struct lines lines = { .count = 0 };
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        if (option->choices == NULL) {
            continue;
        }
        evprof_buf_t group = { 0 };
        add_line(&group, "", option->name, "");
        for (const evprof_choice_t *c = option->choices; c->name != NULL; c++) {
            evprof_buf_puts(&group, "\n  ");
            add_line(&group, prefix, c->name, c->help);
        }
        add_sorted(&lines, &group);
    }
    join(out, &lines, lines.count);
}

void
cli_print_help(evprof_buf_t *out, bool as_flags)
{
    const char *prefix = as_flags ? "-" : "";
    evprof_buf_puts(out, as_flags ? "  Output formats (select at most one):\n"
                                  : "  Commands:\n");
    add_commands(out, as_flags);
    evprof_buf_puts(out, "\n\n  Options:\n");
    add_options(out, prefix);
    evprof_buf_puts(out, "\n\n  Option groups (only set one per group):\n");
    add_groups(out, prefix);
}

void
cli_usage(void)
{
    evprof_buf_t text = { 0 };
    evprof_buf_puts(&text, usage_head);
    cli_print_help(&text, true);
    evprof_buf_puts(&text, usage_sources);
    evprof_buf_puts(&text, usage_fetch);
    evprof_buf_puts(&text, usage_misc);
    if (!text.failed) {
        cli_tell("%s", text.data);
    }
    evprof_buf_free(&text);
}

static void
add_usage_lines(evprof_buf_t *out, const char *text)
{
    evprof_buf_puts(out, "  Usage:\n");
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        evprof_buf_printf(out, "    %.*s\n", (int)len, text);
        text += text[len] == '\n' ? len + 1 : len;
    }
}

/* What a command takes, as far as its flags tell. */
static void
add_word_usage(evprof_buf_t *out, const evprof_report_t *report)
{
    bool sorts = (report->flags & EVPROF_REPORT_SORTS) != 0;
    bool has_file = (report->flags & EVPROF_REPORT_FILE) != 0;
    evprof_buf_t text = { 0 };
    evprof_buf_printf(
        &text,
        "%s [n] [focus_regex]* [-ignore_regex]*%s%s\n"
        "Include up to n samples\n"
        "Include samples matching focus_regex, and exclude ignore_regex.%s%s",
        report->name, sorts ? " [-cum]" : "", has_file ? " >f" : "",
        sorts ? "\n-cum sorts the output by cumulative weight" : "",
        has_file ? "\nOptionally save the report on the file f" : "");
    if (!text.failed) {
        add_usage_lines(out, text.data);
    }
    evprof_buf_free(&text);
}

static void
print_types(evprof_buf_t *out, const evprof_pprof_t *p)
{
    evprof_buf_puts(out, "Or use sample_index=name, with name in [");
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_printf(out, "%s%s", i > 0 ? " " : "", p->types[i].type);
    }
    evprof_buf_puts(out, "].\n");
}

static const char *
help_of(const char *name)
{
    const evprof_option_t *option = evprof_option_find(name);
    if (option != NULL && option->choices == NULL) {
        return option->help;
    }
    option = evprof_option_of_choice(name);
    for (const evprof_choice_t *c = option == NULL ? NULL : option->choices;
         c != NULL && c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c->help;
        }
    }
    return NULL;
}

bool
cli_print_help_on(evprof_buf_t *out, const char *name, const evprof_pprof_t *p)
{
    const evprof_report_t *report = evprof_report_find(name);
    if (report != NULL) {
        evprof_buf_printf(out, "%s\n", report->summary);
        if (report->usage != NULL) {
            add_usage_lines(out, report->usage);
        } else if ((report->flags & EVPROF_REPORT_WORDS) != 0) {
            add_word_usage(out, report);
        }
        evprof_buf_putc(out, '\n');
        return true;
    }
    const char *help = help_of(name);
    if (help == NULL) {
        return false;
    }
    evprof_buf_puts(out, help);
    if (strcmp(name, "sample_index") == 0) {
        print_types(out, p);
    }
    evprof_buf_putc(out, '\n');
    return true;
}
