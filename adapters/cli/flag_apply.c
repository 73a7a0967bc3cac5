/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/cli/flag_apply.h"

#include <stdarg.h>
#include <string.h>

#include "adapters/cli/flags.h"
#include "adapters/cli/viewer.h"

enum cli_parsed
cli_refuse(const char *format, ...)
{
    evprof_buf_t text = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&text, format, args);
    va_end(args);
    cli_tell("evprof: %s", text.failed ? "out of memory" : text.data);
    evprof_buf_free(&text);
    return CLI_WRONG;
}

/* One report at most, and none beside a web interface. */
static enum cli_parsed
apply_report(cli_parse_t *p)
{
    cli_t *cli = p->cli;
    for (size_t i = 0; i < CLI_MAX_REPORTS && evprof_reports[i] != NULL; i++) {
        const char *param = p->params[i];
        if (!p->is_asked[i] && param == NULL) {
            continue;
        }
        if (param != NULL && param[0] == '\0') {
            return cli_refuse("the pattern is missing: -%s=REGEX",
                              evprof_reports[i]->name);
        }
        if (cli->report != NULL) {
            return cli_refuse("-%s and -%s are two reports: ask for one",
                              cli->report->name, evprof_reports[i]->name);
        }
        cli->report = evprof_reports[i];
        cli->param = param;
    }
    bool has_http = cli->http[0] != '\0';
    if (cli->report != NULL && has_http) {
        return cli_refuse("-http shows every report: leave out -%s",
                          cli->report->name);
    }
    if (cli->no_browser && !has_http) {
        return cli_refuse("-no_browser does something with -http only");
    }
    return CLI_GO_ON;
}

/* What cannot be done is said before anything is fetched. */
static enum cli_parsed
check_report(const cli_t *cli)
{
    const evprof_report_t *report = cli->report;
    if (report == NULL) {
        return CLI_GO_ON;
    }
    if ((report->flags & EVPROF_REPORT_BASE) != 0 && cli->bases.count == 0) {
        return cli_refuse("-%s compares with another profile: name it with "
                          "-base=SOURCE",
                          report->name);
    }
    bool is_image = (report->flags & EVPROF_REPORT_DRAWING) != 0 &&
                    report->suffix[0] != '\0';
    if (is_image && !cli_is_installed("dot")) {
        return cli_refuse("-%s needs Graphviz: install graphviz, or take "
                          "-flame",
                          report->name);
    }
    bool is_shown = cli_has_viewer(report) && cli->options.output[0] == '\0';
    if (is_shown && !cli_viewer_is_installed(report)) {
        return cli_refuse("no program that shows -%s is installed: take "
                          "-output=FILE",
                          report->name);
    }
    return CLI_GO_ON;
}

/* An old name does not override -sample_index, nor the one before it. */
static void
apply_columns(cli_parse_t *p)
{
    evprof_options_t *o = &p->cli->options;
    for (size_t i = 0; i < p->column_count; i++) {
        const cli_flag_t *flag = p->columns[i];
        if (o->sample_index[0] == '\0') {
            evprof_options_set(o, "sample_index", flag->column, NULL);
        } else {
            cli_complain("-%s does nothing: %s was chosen already", flag->name,
                         o->sample_index);
        }
        o->mean |= flag->is_mean;
    }
}

static enum cli_parsed
apply_bases(cli_parse_t *p)
{
    cli_t *cli = p->cli;
    if (cli->bases.count > 0 && cli->diff_bases.count > 0) {
        return cli_refuse("-base and -diff_base exclude each other");
    }
    cli->is_diff_base = cli->diff_bases.count > 0;
    if (cli->is_diff_base) {
        cli_list_t none = cli->bases;
        cli->bases = cli->diff_bases;
        cli->diff_bases = none;
    }
    if (cli->is_strict && cli->bases.count > 1) {
        cli->bases.items[0] = cli->bases.items[cli->bases.count - 1];
        cli->bases.count = 1;
    }
    if (cli->options.normalize && cli->bases.count == 0) {
        return cli_refuse("-normalize needs a profile to scale to: -base");
    }
    return CLI_GO_ON;
}

/* The first word is the program that was profiled, when it is a binary or a
 * build id and others follow. */
static enum cli_parsed
apply_sources(cli_parse_t *p)
{
    cli_t *cli = p->cli;
    const char *first = cli->sources.count > 1 ? cli->sources.items[0] : "";
    bool is_id = cli->build_id[0] == '\0' && cli_is_build_id(first);
    if (is_id || cli_is_binary(first)) {
        cli->build_id = is_id ? first : cli->build_id;
        cli->binary = is_id ? cli->binary : first;
        cli->sources.count--;
        memmove(cli->sources.items, cli->sources.items + 1,
                cli->sources.count * sizeof(*cli->sources.items));
    }
    if (cli->sources.count > 0 || cli->sources_file != NULL ||
        cli->trace.file != NULL) {
        return CLI_GO_ON;
    }
    if (cli->param != NULL) {
        return cli_refuse("-%s takes a pattern, and %s was taken for it: "
                          "evprof -%s=REGEX %s",
                          cli->report->name, cli->param, cli->report->name,
                          cli->param);
    }
    cli_refuse("name a profile to read: a file, a URL, or - for the standard "
               "input");
    cli_tell("evprof -help shows examples");
    return CLI_WRONG;
}

/* A trace stands alone, and reports are of a profile that is made of it. */
static enum cli_parsed
check_trace(const cli_t *cli)
{
    const cli_trace_flags_t *trace = &cli->trace;
    const char *alone = trace->profile != NULL ? "pprof"
                        : trace->from != NULL  ? "from"
                        : trace->to != NULL    ? "to"
                        : trace->is_perfetto   ? "perfetto"
                                               : NULL;
    if (trace->file == NULL) {
        return alone == NULL
                   ? CLI_GO_ON
                   : cli_refuse("-%s needs a trace: -trace FILE", alone);
    }
    if (cli->sources.count > 0 || cli->sources_file != NULL) {
        return cli_refuse("-trace is read by itself: leave out %s",
                          cli->sources.count > 0 ? cli->sources.items[0]
                                                 : "-sources");
    }
    if (trace->is_perfetto && trace->profile != NULL) {
        return cli_refuse("-perfetto and -pprof are two formats: ask for one");
    }
    bool is_shown = cli->report != NULL || cli->http[0] != '\0';
    if (is_shown && trace->profile == NULL) {
        return cli_refuse("-%s shows a profile: -pprof=sync or another kind "
                          "makes one of the trace",
                          cli->report != NULL ? cli->report->name : "http");
    }
    return CLI_GO_ON;
}

enum cli_parsed
cli_apply(cli_parse_t *p)
{
    enum cli_parsed result = apply_report(p);
    if (result == CLI_GO_ON) {
        result = check_trace(p->cli);
    }
    if (result == CLI_GO_ON) {
        result = apply_sources(p);
    }
    if (result == CLI_GO_ON) {
        apply_columns(p);
        result = apply_bases(p);
    }
    return result == CLI_GO_ON ? check_report(p->cli) : result;
}
