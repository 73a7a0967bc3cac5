/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_OPTIONS_H
#define EVPROF_REPORT_OPTIONS_H

/*
 * The options of reports, with the names, defaults and value syntax of pprof.
 * One table describes them; flags, the shell, help, completion, saved settings
 * and URLs all walk it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/flag_text.h"

typedef struct evprof_options {
    char *output; /* a file's name; "" is standard output */
    bool call_tree;
    bool relative_percentages;
    char *unit;
    bool compact_labels;
    char *source_path;
    char *trim_path;
    bool intel_syntax;
    bool mean;
    char *sample_index;
    double divide_by;
    bool normalize;
    char *sort;
    char *tagroot;
    char *tagleaf;
    bool drop_negative;
    int64_t nodecount;
    double nodefraction;
    double edgefraction;
    bool trim;
    char *focus;
    char *ignore;
    char *prune_from;
    char *hide;
    char *show;
    char *show_from;
    char *tagfocus;
    char *tagignore;
    char *tagshow;
    char *taghide;
    bool noinlines;
    bool showcolumns;
    char *granularity; /* "" is the report's own default */
    bool wrap;         /* lines are never cut to the window */
} evprof_options_t;

enum evprof_option_kind {
    EVPROF_OPTION_STRING,
    EVPROF_OPTION_CHOICE, /* a string out of a few */
    EVPROF_OPTION_BOOL,
    EVPROF_OPTION_INT,
    EVPROF_OPTION_FLOAT,
};

/* One of a choice's values; on the command line a flag of its own. */
typedef struct evprof_choice {
    const char *name;
    const char *help;
} evprof_choice_t;

typedef struct evprof_option {
    const char *name;
    const char *url; /* URL parameter, NULL: none */
    enum evprof_option_kind kind;
    size_t offset;    /* in evprof_options_t */
    bool is_saved;    /* in settings.json */
    const char *help; /* first line: what it is; the rest: more of it */
    const evprof_choice_t *choices; /* ended by a NULL name; NULL: any value */
    const char *by_default;
    const char *takes; /* what its value is, for help: "REGEX" */
    /* EVPROF_EPARSE for a text that is wrong for every profile; NULL: all may
     * be right. */
    int (*check)(const char *value, evprof_error_t *err);
} evprof_option_t;

/* Checks the value of a row of the table that takes a regular expression. The
 * message is whole. EVPROF_EPARSE, EVPROF_ENOMEM. */
int evprof_option_check_regex(const char *value, evprof_error_t *err);

/* The same for a filter of labels: KEY=REGEX, or a range of numbers. */
int evprof_option_check_labels(const char *value, evprof_error_t *err);

/* The same for a unit of measure, "auto" or "minimum". */
int evprof_option_check_unit(const char *value, evprof_error_t *err);

/* The same for a number that values can be divided by. */
int evprof_option_check_divisor(const char *value, evprof_error_t *err);

/* The table of options, in the order of pprof's list, with ours at the end. */
extern const evprof_option_t evprof_option_table[];
extern const size_t evprof_option_count;

/* Sets all to their defaults. EVPROF_ENOMEM; then nothing is to be freed. */
int evprof_options_init(evprof_options_t *o, evprof_error_t *err);

/* Frees the texts of the options, which are NULL afterwards. */
void evprof_options_free(evprof_options_t *o);

/* Makes `out` (not initialised) a copy. EVPROF_ENOMEM. */
int evprof_options_copy(evprof_options_t *out, const evprof_options_t *from,
                        evprof_error_t *err);

/* The option of that name, or NULL. */
const evprof_option_t *evprof_option_find(const char *name);

/* The option that has `name` as one of its choices, or NULL. */
const evprof_option_t *evprof_option_of_choice(const char *name);

/* True for names that need no value: booleans, and choices. */
bool evprof_option_is_flag(const char *name);

/*
 * Sets an option from text. EVPROF_EPARSE for a value that does not fit,
 * EVPROF_ENOMEM; the option keeps its value then.
 */
int evprof_option_set(evprof_options_t *o, const evprof_option_t *option,
                      const char *value, evprof_error_t *err);

/*
 * The same by name, which may also be a choice's with a true value.
 * EVPROF_ENOENT for an unknown name.
 */
int evprof_options_set(evprof_options_t *o, const char *name, const char *value,
                       evprof_error_t *err);

/* Large enough for any number; see evprof_option_get(). */
#define EVPROF_OPTION_TEXT_SIZE EVPROF_FLAG_FLOAT_SIZE

/* The value as text: the option's own string, or a number in `scratch`. */
const char *evprof_option_get(const evprof_options_t *o,
                              const evprof_option_t *option,
                              char scratch[EVPROF_OPTION_TEXT_SIZE]);

#endif
