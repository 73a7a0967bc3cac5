/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of option variables and typed access to them by offset. Names,
 * defaults and help lines are pprof's, so that scripts, saved settings and
 * habits carry over.
 */
#include "core/report/options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"

/* A row of the table: a field, its URL parameter, whether it is saved, its
 * default and help, and for a choice what may be chosen. */
#define OPTION(field, of_kind, in_url, saved, value, may_be, text)             \
    {                                                                          \
        .name = #field, .url = (in_url), .kind = EVPROF_OPTION_##of_kind,      \
        .offset = offsetof(evprof_options_t, field), .is_saved = (saved),      \
        .help = (text), .choices = (may_be), .by_default = (value),            \
    }
#define TEXT(field, url, help) OPTION(field, STRING, url, true, "", NULL, help)
#define UNSAVED(field, kind, url, value, help)                                 \
    OPTION(field, kind, url, false, value, NULL, help)
#define FLAG(field, url, help)                                                 \
    OPTION(field, BOOL, url, true, "false", NULL, help)
#define SAVED(field, kind, url, value, help)                                   \
    OPTION(field, kind, url, true, value, NULL, help)

#define TAG_FILTER_HELP                                                        \
    "Use name=value syntax to limit the matching to a specific tag.\n"         \
    "Numeric tag filter examples: 1kb, 1kb:10kb, memory=32mb:\n"               \
    "String tag filter examples: foo, foo.*bar, mytag=foo.*bar\n"
#define MATCHING_HELP                                                          \
    "Matching includes the function name, filename or object name.\n"

static const evprof_choice_t sort_choices[] = {
    { "cum", "Sort entries based on cumulative weight\n" },
    { "flat", "Sort entries based on own weight\n" },
    { NULL, NULL },
};

static const evprof_choice_t granularity_choices[] = {
    { "functions", "Aggregate at the function level.\n"
                   "Ignores the filename where the function was defined.\n" },
    { "filefunctions",
      "Aggregate at the function level.\n"
      "Takes into account the filename where the function was defined.\n" },
    { "files", "Aggregate at the file level." },
    { "lines", "Aggregate at the source code line level." },
    { "addresses", "Aggregate at the address level.\n"
                   "Includes functions' addresses in the output.\n" },
    { NULL, NULL },
};

/* clang-format off */
const evprof_option_t evprof_option_table[] = {
    UNSAVED(output, STRING, NULL, "",
      "Output filename for file-based outputs\n"),
    FLAG(call_tree, "calltree",
      "Create a context-sensitive call tree\n"
      "Treat locations reached through different paths as separate.\n"),
    FLAG(relative_percentages, "rel",
      "Show percentages relative to focused subgraph\n"
      "If unset, percentages are relative to full graph before focusing\n"
      "to facilitate comparison with original graph.\n"),
    SAVED(unit, STRING, "unit", "minimum",
      "Measurement units to display\n"
      "Scale the sample values to this unit.\n"
      "For time-based profiles, use seconds, milliseconds, nanoseconds, etc.\n"
      "For memory profiles, use megabytes, kilobytes, bytes, etc.\n"
      "Using auto will scale each value independently to the most natural "
      "unit.\n"),
    FLAG(compact_labels, "compact",
      "Show minimal headers"),
    UNSAVED(source_path, STRING, NULL, "",
      "Search path for source files"),
    UNSAVED(trim_path, STRING, NULL, "",
      "Path to trim from source paths before search"),
    FLAG(intel_syntax, "intel",
      "Show assembly in Intel syntax\n"
      "Only applicable to commands `disasm` and `weblist`\n"),
    FLAG(mean, "mean",
      "Average sample value over first value (count)\n"
      "For memory profiles, report average memory per allocation.\n"
      "For time-based profiles, report average time per event.\n"),
    UNSAVED(sample_index, STRING, "si", "",
      "Sample value to report (0-based index or name)\n"
      "Profiles contain multiple values per sample.\n"
      "Use sample_index=i to select the ith value (starting at 0).\n"),
    UNSAVED(divide_by, FLOAT, NULL, "1",
      "Ratio to divide all samples before visualization\n"
      "Divide all samples values by a constant, eg the number of processors "
      "or jobs.\n"),
    FLAG(normalize, "norm",
      "Scales profile based on the base profile.\n"),
    OPTION(sort, CHOICE, "sort", true, "flat", sort_choices, ""),
    TEXT(tagroot, NULL,
      "Adds pseudo stack frames for labels key/value pairs at the callstack "
      "root.\n"
      "A comma-separated list of label keys.\n"
      "The first key creates frames at the new root.\n"),
    TEXT(tagleaf, NULL,
      "Adds pseudo stack frames for labels key/value pairs at the callstack "
      "leaf.\n"
      "A comma-separated list of label keys.\n"
      "The last key creates frames at the new leaf.\n"),
    FLAG(drop_negative, "dropneg",
      "Ignore negative differences\n"
      "Do not show any locations with values <0.\n"),
    SAVED(nodecount, INT, "n", "-1",
      "Max number of nodes to show\n"
      "Uses heuristics to limit the number of locations to be displayed.\n"
      "On graphs, dotted edges represent paths through nodes that have been "
      "removed.\n"),
    SAVED(nodefraction, FLOAT, "nf", "0.005",
      "Hide nodes below <f>*total"),
    SAVED(edgefraction, FLOAT, "ef", "0.001",
      "Hide edges below <f>*total"),
    SAVED(trim, BOOL, "trim", "true",
      "Honor nodefraction/edgefraction/nodecount defaults\n"
      "Set to false to get the full profile, without any trimming.\n"),
    TEXT(focus, "f",
      "Restricts to samples going through a node matching regexp\n"
      "Discard samples that do not include a node matching this regexp.\n"
      MATCHING_HELP),
    TEXT(ignore, "i",
      "Skips paths going through any nodes matching regexp\n"
      "If set, discard samples that include a node matching this regexp.\n"
      MATCHING_HELP),
    TEXT(prune_from, "prunefrom",
      "Drops any functions below the matched frame.\n"
      "If set, any frames matching the specified regexp and any frames\n"
      "below it will be dropped from each sample.\n"),
    TEXT(hide, "h",
      "Skips nodes matching regexp\n"
      "Discard nodes that match this location.\n"
      "Other nodes from samples that include this location will be shown.\n"
      MATCHING_HELP),
    TEXT(show, "s",
      "Only show nodes matching regexp\n"
      "If set, only show nodes that match this location.\n"
      MATCHING_HELP),
    TEXT(show_from, "sf",
      "Drops functions above the highest matched frame.\n"
      "If set, all frames above the highest match are dropped from every "
      "sample.\n" MATCHING_HELP),
    TEXT(tagfocus, "tf",
      "Restricts to samples with tags in range or matched by regexp\n"
      TAG_FILTER_HELP),
    TEXT(tagignore, "ti",
      "Discard samples with tags in range or matched by regexp\n"
      TAG_FILTER_HELP),
    TEXT(tagshow, "ts",
      "Only consider tags matching this regexp\n"
      "Discard tags that do not match this regexp\n"),
    TEXT(taghide, "th",
      "Skip tags matching this regexp\n"
      "Discard tags that match this regexp\n"),
    FLAG(noinlines, "noinlines",
      "Ignore inlines.\n"
      "Attributes inlined functions to their first out-of-line caller.\n"),
    FLAG(showcolumns, "showcolumns",
      "Show column numbers at the source code line level.\n"),
    OPTION(granularity, CHOICE, "g", true, "", granularity_choices, ""),
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

int
evprof_parse_bool(const char *text, bool *out, evprof_error_t *err)
{
    static const char *const names[2][6] = {
        { "false", "f", "no", "n", "0", NULL },
        { "true", "t", "yes", "y", "1", "" },
    };
    for (size_t i = 0; i < 12; i++) {
        const char *name = names[i / 6][i % 6];
        if (name != NULL && strcasecmp(name, text) == 0) {
            *out = i / 6 == 1;
            return EVPROF_OK;
        }
    }
    return evprof_fail(err, EVPROF_EPARSE,
                       "illegal value \"%s\" for bool variable", text);
}

static int
bad_number(const char *function, const char *text, const char *reason,
           evprof_error_t *err)
{
    return evprof_fail(err, EVPROF_EPARSE, "strconv.%s: parsing \"%s\": %s",
                       function, text, reason);
}

static int
parse_int(const char *text, int64_t *out, evprof_error_t *err)
{
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits)) {
        return bad_number("Atoi", text, "invalid syntax", err);
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE) {
        return bad_number("Atoi", text, "value out of range", err);
    }
    *out = value;
    return EVPROF_OK;
}

static int
parse_float(const char *text, double *out, evprof_error_t *err)
{
    char *end;
    double value = strtod(text, &end);
    bool starts_well =
        text[0] != '\0' && strchr(" \t\n\v\f\r", text[0]) == NULL;
    if (!starts_well || end == text || *end != '\0') {
        return bad_number("ParseFloat", text, "invalid syntax", err);
    }
    if (isinf(value) && strpbrk(text, "iI") == NULL) {
        return bad_number("ParseFloat", text, "value out of range", err);
    }
    *out = value;
    return EVPROF_OK;
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
        return evprof_parse_bool(value, field, err);
    case EVPROF_OPTION_INT:
        return parse_int(value, field, err);
    case EVPROF_OPTION_FLOAT:
        return parse_float(value, field, err);
    case EVPROF_OPTION_CHOICE:
        if (!has_choice(option, value)) {
            return evprof_fail(err, EVPROF_EPARSE,
                               "invalid \"%s\" value \"%s\"", option->name,
                               value);
        }
        return set_text(field, value, err);
    case EVPROF_OPTION_STRING:
    default:
        return set_text(field, value, err);
    }
}

/* What Go's strconv.ParseBool calls true. */
static bool
is_go_true(const char *value)
{
    static const char *const names[] = {
        "1", "t", "T", "TRUE", "true", "True"
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], value) == 0) {
            return true;
        }
    }
    return false;
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
    if (option != NULL && is_go_true(value)) {
        return evprof_option_set(o, option, name, err);
    }
    return evprof_fail(err, EVPROF_ENOENT, "unknown config field \"%s\"", name);
}

/* Go's shortest form of a float: the fewest digits that read back the same,
 * with an exponent below 1e-4 and from 1e6 on. */
static void
print_float(char out[EVPROF_OPTION_TEXT_SIZE], double value)
{
    int digits = 1;
    for (; digits < 17; digits++) {
        snprintf(out, EVPROF_OPTION_TEXT_SIZE, "%.*e", digits - 1, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }
    snprintf(out, EVPROF_OPTION_TEXT_SIZE, "%.*e", digits - 1, value);
    const char *e = strchr(out, 'e');
    if (e == NULL) {
        snprintf(out, EVPROF_OPTION_TEXT_SIZE, "%s",
                 isnan(value) ? "NaN"
                 : value > 0  ? "+Inf"
                              : "-Inf");
        return;
    }
    long exponent = strtol(e + 1, NULL, 10);
    if (exponent >= -4 && exponent < 6) {
        int decimals = digits - 1 - (int)exponent;
        snprintf(out, EVPROF_OPTION_TEXT_SIZE, "%.*f",
                 decimals > 0 ? decimals : 0, value);
    }
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
        print_float(scratch, *(const double *)field);
        return scratch;
    case EVPROF_OPTION_CHOICE:
    case EVPROF_OPTION_STRING:
    default:
        return *(char *const *)field;
    }
}
