/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_CLI_H
#define EVPROF_CLI_CLI_H

/*
 * The evprof command: what was asked on the command line, and the steps from
 * there to a report. Messages go to standard error, reports to standard output;
 * lines of reports that scripts look for read as pprof's do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/fetch/fetch.h"
#include "core/base/arena.h"
#include "core/report/report.h"

/* The most reports that the parser has room for. */
#define CLI_MAX_REPORTS 64
#define CLI_MAX_CHOICES 16

typedef struct cli_list {
    const char **items;
    size_t count;
} cli_list_t;

/* An execution trace and what is wanted of it; NULL: not said. */
typedef struct cli_trace_flags {
    const char *file;
    const char *profile; /* its kind */
    const char *from;
    const char *to;
    bool is_perfetto; /* wanted in Perfetto's format */
} cli_trace_flags_t;

typedef struct cli {
    evprof_options_t options;
    cli_list_t sources;
    cli_list_t bases;
    cli_list_t diff_bases; /* as given; `bases` has them once all is read */
    bool is_diff_base; /* the bases are compared with, not only taken away */
    cli_trace_flags_t trace;
    const char *binary;
    const char *build_id;
    const char *symbolize;
    const char *tools;
    const char *http;
    const char *comment;
    int64_t seconds;
    int64_t timeout;
    bool no_browser;
    bool uses_debuginfod;
    bool all_frames;
    bool is_strict; /* as pprof does, where evprof does better */
    bool wants_version;
    const evprof_report_t *report; /* NULL: the shell */
    const char *param;
    bool is_shell;

    evprof_fetch_options_t fetch; /* but for what the next five say */
    cli_list_t headers;
    cli_list_t proxy_headers;
    const char *sources_file;
    bool wants_netrc;
    evprof_arena_t secrets; /* copies of what was blanked in the arguments */
} cli_t;

/* ---- Messages ---- */

/* Writes one line to standard error, in red when it is a terminal; but for one
 * at its beginning, newlines in it are shown as escapes. */
void cli_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Writes lines to standard error, not in red. */
void cli_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes remarks of reports to standard error. */
extern const evprof_notice_t cli_notice;

/* ---- The command line ---- */

enum cli_parsed { CLI_GO_ON, CLI_DONE, CLI_WRONG };

/* Reads the command line; CLI_DONE when help was all that was asked. */
enum cli_parsed cli_parse(cli_t *cli, int argc, char **argv);

/* Frees what the flags own, secrets overwritten. */
void cli_free(cli_t *cli);

/* ---- Profiles ---- */

typedef struct cli_profiles {
    evprof_pprof_t *profile; /* of all sources, without the bases */
    evprof_pprof_t *whole;   /* with them, for the shell; NULL: the same */
    evprof_pprof_t *base;    /* what reports show beside `whole`, or NULL */
} cli_profiles_t;

/* Loads and merges all sources, takes the bases away. */
int cli_load(const cli_t *cli, cli_profiles_t *out, evprof_error_t *err);

/* Frees the profiles; it is empty afterwards. */
void cli_profiles_free(cli_profiles_t *profiles);

/* ---- Reports ---- */

typedef struct cli_job {
    const evprof_report_t *report;
    const char *param;
    const evprof_options_t *options;
    const struct evprof_code_source *code; /* see adapters/cli/code.h */
    const char *pipe; /* a command that gets the output, or NULL */
    const evprof_pprof_t *base;
    const char *view_file; /* for a viewer, made already; NULL: not yet */
    bool is_shell;
    bool is_strict;
} cli_job_t;

/* Writes a report of `p`, which is used up, to where the job says. */
int cli_report(evprof_pprof_t *p, const cli_job_t *job, evprof_error_t *err);

/* Deletes the files that viewers were given. */
void cli_remove_files(void);

/* ---- The shell ---- */

/* Reads commands until the end. */
int cli_shell(cli_t *cli, const cli_profiles_t *profiles);

#endif
