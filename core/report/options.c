/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of option variables and typed access to them by offset. Names and
 * defaults are pprof's, so that scripts and saved settings carry over.
 */
#include "core/report/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/flag_text.h"

/* A row of the table: a field, its URL parameter, whether it is saved, its
 * default and help, what may be chosen, and what its value is, which is
 * checked. */
#define ROW(field, of_kind, in_url, saved, value, may_be, is, checks, text)    \
    {                                                                          \
        .name = #field, .url = (in_url), .kind = EVPROF_OPTION_##of_kind,      \
        .offset = offsetof(evprof_options_t, field), .is_saved = (saved),      \
        .help = (text), .choices = (may_be), .by_default = (value),            \
        .takes = (is), .check = (checks),                                      \
    }
#define OPTION(field, kind, url, saved, value, may_be, help)                   \
    ROW(field, kind, url, saved, value, may_be, "CHOICE", NULL, help)
#define TEXT(field, url, takes, help)                                          \
    ROW(field, STRING, url, true, "", NULL, takes, NULL, help)
#define REGEX(field, url, help)                                                \
    ROW(field, STRING, url, true, "", NULL, "REGEX",                           \
        evprof_option_check_regex, help)
#define LABELS(field, url, help)                                               \
    ROW(field, STRING, url, true, "", NULL, "LABEL",                           \
        evprof_option_check_labels, help)
#define UNIT(field, url, value, help)                                          \
    ROW(field, STRING, url, true, value, NULL, "UNIT",                         \
        evprof_option_check_unit, help)
#define UNSAVED(field, kind, url, value, takes, help)                          \
    ROW(field, kind, url, false, value, NULL, takes, NULL, help)
#define FLAG(field, url, help)                                                 \
    ROW(field, BOOL, url, true, "false", NULL, NULL, NULL, help)
#define SAVED(field, kind, url, value, takes, help)                            \
    ROW(field, kind, url, true, value, NULL, takes, NULL, help)

#define TAG_HELP                                                               \
    "A value is written KEY=REGEX, or REGEX alone for any key; "               \
    "KEY=32mb:64mb,\n"                                                         \
    "32mb: and :64mb are ranges of numbers. A comma joins several.\n"
#define PLACE_HELP                                                             \
    "The expression is looked for in names of functions, files and "           \
    "binaries.\n"

static const evprof_choice_t sort_choices[] = {
    { "cum", "Order by weight with what was called\n" },
    { "flat", "Order by own weight\n" },
    { NULL, NULL },
};

static const evprof_choice_t granularity_choices[] = {
    { "functions", "One node a function, whatever file it stands in\n" },
    { "filefunctions", "One node a function of a file\n" },
    { "files", "One node a source file\n" },
    { "lines", "One node a source line\n" },
    { "addresses", "One node an instruction, with its address\n" },
    { NULL, NULL },
};

/* clang-format off */
const evprof_option_t evprof_option_table[] = {
    UNSAVED(output, STRING, NULL, "", "FILE",
      "File to write the report to\n"),
    FLAG(call_tree, "calltree",
      "One node a call path instead of one a function\n"
      "The graphs and -callgrind keep apart what is reached by different\n"
      "callers.\n"),
    FLAG(relative_percentages, "rel",
      "Percentages of what the filters left\n"
      "Without it they are of the whole profile, so that a filtered report\n"
      "compares with an unfiltered one.\n"),
    UNIT(unit, "unit", "minimum",
      "Unit of all numbers shown\n"
      "Time: ns, us, ms, s, hrs; memory: B, kB, MB, GB, TB, PB, long forms as\n"
      "well. auto picks one for each number, minimum the one that suits the\n"
      "smallest.\n"),
    FLAG(compact_labels, "compact",
      "Leave out what the profile says of itself\n"),
    UNSAVED(source_path, STRING, NULL, "", "PATH",
      "Folders with source files, separated by colons\n"
      "Each folder is searched, then those above it; by default the current\n"
      "one.\n"),
    UNSAVED(trim_path, STRING, NULL, "", "PATH",
      "Beginnings of source paths to leave out, separated by colons\n"),
    FLAG(intel_syntax, "intel",
      "Machine code in Intel's notation\n"
      "For disasm and weblist.\n"),
    FLAG(mean, "mean",
      "Averages: each value divided by the sample's first one\n"
      "Bytes an allocation, nanoseconds a wait.\n"),
    UNSAVED(sample_index, STRING, "si", "", "TYPE",
      "What to show of each sample, by name or by number from 0\n"
      "A heap profile has alloc_objects, alloc_space, inuse_objects and\n"
      "inuse_space, for example.\n"),
    ROW(divide_by, FLOAT, NULL, false, "1", NULL, "N",
      evprof_option_check_divisor,
      "Number that all values are divided by\n"
      "Of requests or processors, for example.\n"),
    FLAG(normalize, "norm",
      "Scale the profile to the total of the base\n"),
    OPTION(sort, CHOICE, "sort", true, "flat", sort_choices,
      "Order of nodes\n"),
    TEXT(tagroot, NULL, "KEYS",
      "Labels to show as callers of everything, separated by commas\n"
      "The first one becomes the outermost frame.\n"),
    TEXT(tagleaf, NULL, "KEYS",
      "Labels to show as callees of everything, separated by commas\n"
      "The last one becomes the innermost frame.\n"),
    FLAG(drop_negative, "dropneg",
      "Leave out what shrank, in a difference\n"),
    SAVED(nodecount, INT, "n", "-1", "N",
      "Number of nodes to show; 0 shows all, -1 what suits the report\n"
      "A dotted edge of a graph stands for calls through nodes left out.\n"),
    SAVED(nodefraction, FLOAT, "nf", "0.005", "N",
      "Leave out nodes below this share of the total\n"),
    SAVED(edgefraction, FLOAT, "ef", "0.001", "N",
      "Leave out edges below this share of the total\n"),
    SAVED(trim, BOOL, "trim", "true", NULL,
      "Leave out what is small\n"
      "-trim=false shows all: nodecount, nodefraction and edgefraction do\n"
      "nothing then.\n"),
    REGEX(focus, "f",
      "Keep only samples whose stack has a frame that matches\n" PLACE_HELP),
    REGEX(ignore, "i",
      "Drop samples whose stack has a frame that matches\n" PLACE_HELP),
    REGEX(prune_from, "prunefrom",
      "Drop what matching functions called\n"
      "They themselves stay, as leaves.\n"),
    REGEX(hide, "h",
      "Take matching frames out of stacks, and keep the rest\n" PLACE_HELP),
    REGEX(show, "s",
      "Take all but matching frames out of stacks\n" PLACE_HELP),
    REGEX(show_from, "sf",
      "Drop the callers of the outermost matching frame\n"
      "Samples without such a frame are dropped.\n" PLACE_HELP),
    LABELS(tagfocus, "tf",
      "Keep only samples with such a label\n" TAG_HELP),
    LABELS(tagignore, "ti",
      "Drop samples with such a label\n" TAG_HELP),
    REGEX(tagshow, "ts",
      "Keep only labels whose key matches\n"),
    REGEX(taghide, "th",
      "Drop labels whose key matches\n"),
    FLAG(noinlines, "noinlines",
      "Count inlined functions as part of their callers\n"),
    FLAG(showcolumns, "showcolumns",
      "Show columns beside line numbers\n"),
    OPTION(granularity, CHOICE, "g", true, "", granularity_choices,
      "What one node of a report is\n"),
    UNSAVED(wrap, BOOL, NULL, "false", NULL,
      "Do not cut long lines of tables to the width of the terminal\n"),
};
/* clang-format on */

const size_t evprof_option_count =
    sizeof(evprof_option_table) / sizeof(evprof_option_table[0]);

static void *
field_of(evprof_options_t *o, const evprof_option_t *option)
{
    return (char *)o + option->offset;
}

static const void *
const_field_of(const evprof_options_t *o, const evprof_option_t *option)
{
    return (const char *)o + option->offset;
}

static bool
is_text(const evprof_option_t *option)
{
    return option->kind == EVPROF_OPTION_STRING ||
           option->kind == EVPROF_OPTION_CHOICE;
}

void
evprof_options_free(evprof_options_t *o)
{
    for (size_t i = 0; i < evprof_option_count; i++) {
        if (is_text(&evprof_option_table[i])) {
            char **text = field_of(o, &evprof_option_table[i]);
            free(*text);
            *text = NULL;
        }
    }
}

int
evprof_options_copy(evprof_options_t *out, const evprof_options_t *from,
                    evprof_error_t *err)
{
    evprof_options_t copy = *from;
    bool is_complete = true;
    for (size_t i = 0; i < evprof_option_count; i++) {
        if (is_text(&evprof_option_table[i])) {
            char **text = field_of(&copy, &evprof_option_table[i]);
            *text = strdup(*text);
            is_complete = is_complete && *text != NULL;
        }
    }
    if (!is_complete) {
        evprof_options_free(&copy);
        return evprof_fail(err, EVPROF_ENOMEM, "options: out of memory");
    }
    *out = copy;
    return EVPROF_OK;
}

int
evprof_options_init(evprof_options_t *o, evprof_error_t *err)
{
    *o = (evprof_options_t){ 0 };
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        int status = EVPROF_OK;
        if (option->choices != NULL && option->by_default[0] == '\0') {
            o->granularity = strdup("");
            status = o->granularity != NULL ? EVPROF_OK : EVPROF_ENOMEM;
        } else {
            status = evprof_option_set(o, option, option->by_default, err);
        }
        if (status != EVPROF_OK) {
            evprof_options_free(o);
            return evprof_fail(err, EVPROF_ENOMEM, "options: out of memory");
        }
    }
    return EVPROF_OK;
}

const evprof_option_t *
evprof_option_find(const char *name)
{
    for (size_t i = 0; i < evprof_option_count; i++) {
        if (strcmp(evprof_option_table[i].name, name) == 0) {
            return &evprof_option_table[i];
        }
    }
    return NULL;
}

static bool
has_choice(const evprof_option_t *option, const char *name)
{
    for (const evprof_choice_t *c = option->choices;
         c != NULL && c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return true;
        }
    }
    return false;
}

const evprof_option_t *
evprof_option_of_choice(const char *name)
{
    for (size_t i = 0; i < evprof_option_count; i++) {
        if (has_choice(&evprof_option_table[i], name)) {
            return &evprof_option_table[i];
        }
    }
    return NULL;
}

bool
evprof_option_is_flag(const char *name)
{
    const evprof_option_t *option = evprof_option_find(name);
    return option != NULL ? option->kind == EVPROF_OPTION_BOOL
                          : evprof_option_of_choice(name) != NULL;
}

static int
set_float(const evprof_option_t *option, double *field, const char *value,
          evprof_error_t *err)
{
    double number = 0;
    int status = evprof_flag_float(value, &number, err);
    if (status == EVPROF_OK && option->check != NULL) {
        status = option->check(value, err);
    }
    if (status == EVPROF_OK) {
        *field = number;
    }
    return status;
}

static int
set_text(char **field, const char *value, evprof_error_t *err)
{
    char *copy = strdup(value);
    if (copy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "options: out of memory");
    }
    free(*field);
    *field = copy;
    return EVPROF_OK;
}

int
evprof_option_set(evprof_options_t *o, const evprof_option_t *option,
                  const char *value, evprof_error_t *err)
{
    void *field = field_of(o, option);
    switch (option->kind) {
    case EVPROF_OPTION_BOOL:
        return evprof_flag_switch(value, field, err);
    case EVPROF_OPTION_INT:
        return evprof_flag_int(value, field, err);
    case EVPROF_OPTION_FLOAT:
        return set_float(option, field, value, err);
    case EVPROF_OPTION_CHOICE:
        if (!has_choice(option, value)) {
            return evprof_fail(err, EVPROF_EPARSE,
                               "it cannot be %s: see help %s", value,
                               option->name);
        }
        return set_text(field, value, err);
    case EVPROF_OPTION_STRING:
    default:
        break;
    }
    int status = EVPROF_OK;
    if (option->check != NULL && value[0] != '\0') {
        status = option->check(value, err);
    }
    return status == EVPROF_OK ? set_text(field, value, err) : status;
}

int
evprof_options_set(evprof_options_t *o, const char *name, const char *value,
                   evprof_error_t *err)
{
    const evprof_option_t *option = evprof_option_find(name);
    if (option != NULL) {
        return evprof_option_set(o, option, value, err);
    }
    option = evprof_option_of_choice(name);
    bool is_on = false;
    if (option != NULL && evprof_flag_bool(value, &is_on) && is_on) {
        return evprof_option_set(o, option, name, err);
    }
    return evprof_fail(err, EVPROF_ENOENT, "there is no option %s", name);
}

const char *
evprof_option_get(const evprof_options_t *o, const evprof_option_t *option,
                  char scratch[EVPROF_OPTION_TEXT_SIZE])
{
    const void *field = const_field_of(o, option);
    switch (option->kind) {
    case EVPROF_OPTION_BOOL:
        return *(const bool *)field ? "true" : "false";
    case EVPROF_OPTION_INT:
        snprintf(scratch, EVPROF_OPTION_TEXT_SIZE, "%lld",
                 (long long)*(const int64_t *)field);
        return scratch;
    case EVPROF_OPTION_FLOAT:
        evprof_flag_print_float(scratch, *(const double *)field);
        return scratch;
    case EVPROF_OPTION_CHOICE:
    case EVPROF_OPTION_STRING:
    default:
        return *(char *const *)field;
    }
}
