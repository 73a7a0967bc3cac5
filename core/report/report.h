/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_REPORT_H
#define EVPROF_REPORT_REPORT_H

/*
 * The contract of a report, and what it works on: a view is a profile with the
 * options of one report applied. A report writes bytes and nothing else; its
 * caller decides where they go.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>
#include <evprof/writer.h>

#include "core/base/buf.h"
#include "core/base/stream.h"
#include "core/graph/graph.h"
#include "core/profile/pprof.h"
#include "core/report/options.h"

typedef struct evprof_view evprof_view_t;

enum evprof_report_flag {
    /* Takes a regular expression: -list=REGEX, "list REGEX". */
    EVPROF_REPORT_PARAM = 1u << 0,
    /* Takes words in the shell: a number, focus and -ignore expressions. */
    EVPROF_REPORT_WORDS = 1u << 1,
    EVPROF_REPORT_SORTS = 1u << 2, /* and -cum */
    EVPROF_REPORT_FILE = 1u << 3,  /* and >FILE */
    /* The shell's words filter tags, not functions. */
    EVPROF_REPORT_TAG_WORDS = 1u << 4,
    /* Unless nodecount is set, all nodes are shown; else 80 are. */
    EVPROF_REPORT_ALL_NODES = 1u << 5,
    EVPROF_REPORT_UNTRIMMED = 1u << 6,
    /* Granularities a report forces. */
    EVPROF_REPORT_ADDRESSES = 1u << 7,
    EVPROF_REPORT_LINES = 1u << 8,
    EVPROF_REPORT_FILES = 1u << 9, /* by default: function and file */
    /* Functions of the same name stay apart when their binaries differ. */
    EVPROF_REPORT_OBJECTS = 1u << 10,
    EVPROF_REPORT_DRAWING = 1u << 11,
    /* Never to a terminal: goes to profileNNN.SUFFIX unless told where. */
    EVPROF_REPORT_BINARY = 1u << 12,
    EVPROF_REPORT_INTEGERS = 1u << 13, /* its numbers have no decimals */
    EVPROF_REPORT_BASE = 1u << 14,     /* shows the base beside the profile */
    EVPROF_REPORT_OURS = 1u << 15,     /* pprof has no such report */
    EVPROF_REPORT_BROWSER = 1u << 16,  /* shown in the user's web browser */
    /* Text for people: control characters and line ends in names are shown as
     * escapes. */
    EVPROF_REPORT_PLAIN = 1u << 17,
    /* Wide rows whose ends matter least: a narrow window may cut them. */
    EVPROF_REPORT_TABLE = 1u << 18,
    EVPROF_REPORT_WALKED = 1u << 19, /* sees edges by walking them only */
    /* Numbers are samples where the profile has them, unless a column is named.
     */
    EVPROF_REPORT_COUNTS = 1u << 20,
};

/* A program that shows a file: a command, or the name of an environment
 * variable that holds one. */
typedef struct evprof_viewer {
    const char *command;     /* words separated by single spaces */
    const char *variable;    /* holds the command, where `command` is NULL */
    const char *only_if_set; /* a variable without which it is not tried */
} evprof_viewer_t;

typedef struct evprof_report {
    const char *name;    /* flag and command: "top" */
    const char *summary; /* one line for help */
    unsigned flags;
    const char *suffix; /* of files that hold its output, "" for text */
    /* Tried in turn until one runs, ended by an empty one; NULL: the output is
     * not for a viewer. */
    const evprof_viewer_t *viewers;
    int (*write)(evprof_view_t *view, const evprof_writer_t *out,
                 evprof_error_t *err);
} evprof_report_t;

/* Every report, ended by NULL; generated from the list in modules/. */
extern const evprof_report_t *const evprof_reports[];

/* The report of that name, or NULL. */
const evprof_report_t *evprof_report_find(const char *name);

/* Takes remarks that are no errors: one line each, without a newline. */
typedef struct evprof_notice {
    void (*say)(void *ctx, const char *line);
    void *ctx;
} evprof_notice_t;

/* A request for a report. All of it must outlive the view. */
typedef struct evprof_request {
    const evprof_report_t *report;
    const char *param; /* for EVPROF_REPORT_PARAM, else NULL */
    const evprof_options_t *options;
    const evprof_notice_t *notice;
    /* Where machine code is found, see core/symbol/code.h; NULL: nowhere. */
    const struct evprof_code_source *code;
    const evprof_pprof_t *base; /* what is compared with, for "diff"; or NULL */
    bool keeps_controls; /* names as they are, also in EVPROF_REPORT_PLAIN */
    bool is_strict;      /* the profile's own column, also in _COUNTS */
} evprof_request_t;

/*
 * Applies the options to `profile`, which is changed by it, kept by the caller
 * and must outlive the view. EVPROF_EPARSE for what cannot be understood,
 * EVPROF_EINVAL for what cannot be done, EVPROF_ENOMEM.
 */
int evprof_view_new(evprof_pprof_t *profile, const evprof_request_t *request,
                    evprof_view_t **out, evprof_error_t *err);

/* Frees the view; the profile stays the caller's. NULL is ignored. */
void evprof_view_free(evprof_view_t *view);

/* Writes the view's report. */
int evprof_view_write(evprof_view_t *view, const evprof_writer_t *out,
                      evprof_error_t *err);

/* The profile that the view shows, the options applied. */
const evprof_pprof_t *evprof_view_profile(const evprof_view_t *view);

/* The options as the report has them, its own overrides applied. */
const evprof_options_t *evprof_view_options(const evprof_view_t *view);

/* The request that the view was made for. */
const evprof_request_t *evprof_view_request(const evprof_view_t *view);

/* The sum that percentages refer to. */
int64_t evprof_view_total(const evprof_view_t *view);

/* The base name of the main binary, or "". The view's. */
const char *evprof_view_title(const evprof_view_t *view);

/* The name of the column that is shown. The view's. */
const char *evprof_view_sample_type(const evprof_view_t *view);

/* The unit of that column in the profile. The view's. */
const char *evprof_view_sample_unit(const evprof_view_t *view);

/* The unit in which values are printed. The view's. */
const char *evprof_view_output_unit(const evprof_view_t *view);

/* The sample's value, divided where means are asked for. */
int64_t evprof_view_value(const evprof_view_t *view,
                          const evprof_sample_t *sample);

/* The sample's value as it stands in its column. */
int64_t evprof_view_weight(const evprof_view_t *view,
                           const evprof_sample_t *sample);

/* True when the report's expression matches, or none was given. */
bool evprof_view_matches(const evprof_view_t *view, const char *text);

/* 1 / divide_by where that changes anything, else 1. */
double evprof_view_ratio(const evprof_view_t *view);

/* The unit of a numeric label, "" when nothing tells. */
const char *evprof_view_label_unit(const evprof_view_t *view, const char *key);

/* Appends a value with its unit. */
void evprof_view_print(const evprof_view_t *view, evprof_buf_t *out,
                       int64_t value);

/* Appends a column of ten, right-aligned, and a space: the value with its unit,
 * or "." for 0. */
void evprof_view_print_column(const evprof_view_t *view, evprof_buf_t *out,
                              int64_t value);

/* Appends a value with its unit, right-aligned in `width` columns. */
void evprof_view_print_wide(const evprof_view_t *view, evprof_buf_t *out,
                            int64_t value, size_t width);

/* The graph of the view, with every node; the caller frees it. EVPROF_ENOMEM.
 */
int evprof_view_graph(evprof_view_t *view, evprof_graph_t **out,
                      evprof_error_t *err);

/* The graph of a report, with the nodes and edges that the options leave.
 * Settles the unit that values are printed in. EVPROF_ENOMEM. */
int evprof_view_trimmed_graph(evprof_view_t *view, evprof_graph_t **out,
                              evprof_trimmed_t *trimmed, evprof_error_t *err);

/* A report of the trimmed graph while it is written. */
typedef struct evprof_drawing {
    evprof_graph_t *graph;
    evprof_trimmed_t trimmed;
    evprof_stream_t stream;
} evprof_drawing_t;

/* Makes the trimmed graph and a stream to `out`. Ended with the function below
 * unless it fails, with what the graph failed with. */
int evprof_drawing_begin(evprof_drawing_t *d, evprof_view_t *view,
                         const evprof_writer_t *out, evprof_error_t *err);

/* Frees the graph and passes on the rest of the text, unless `status` is a
 * failure, which is then returned; else what the writer said. */
int evprof_drawing_end(evprof_drawing_t *d, int status);

/* Lines above a report, without a last newline. */
typedef struct evprof_heading {
    evprof_buf_t text;
    size_t first_len; /* of the first label, which may hold newlines itself */
    size_t count;
} evprof_heading_t;

/* Appends the profile's description of itself: binary, build id, comments,
 * type, time, duration. */
void evprof_view_profile_labels(const evprof_view_t *view,
                                evprof_heading_t *out);

/* Appends the heading of a report: the profile's description (where wanted),
 * the active filters, and how much is shown. */
void evprof_view_report_labels(const evprof_view_t *view,
                               const evprof_graph_t *graph,
                               const evprof_trimmed_t *trimmed,
                               evprof_heading_t *out);

#endif
