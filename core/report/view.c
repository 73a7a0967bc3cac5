/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a profile and options to what a report works on. The order is pprof's
 * and matters: pseudo frames first, since filters may name them; then the
 * total, unless percentages are to be relative to what the filters leave; then
 * the filters; then the granularity.
 */
#include "core/report/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/aggregate.h"
#include "core/analysis/plain_texts.h"
#include "core/base/error.h"
#include "core/base/path.h"
#include "core/base/sum.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/names_of_address.h"
#include "core/report/value_column.h"

#define DRAWN_NODES 80
/* Of the columns beside source lines and instructions. */
#define COLUMN_WIDTH 10

const evprof_report_t *
evprof_report_find(const char *name)
{
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        if (strcmp(evprof_reports[i]->name, name) == 0) {
            return evprof_reports[i];
        }
    }
    return NULL;
}

static int
force_granularity(evprof_view_t *view, evprof_error_t *err)
{
    unsigned flags = view->request.report->flags;
    const char *granularity = NULL;
    if ((flags & EVPROF_REPORT_ADDRESSES) != 0) {
        granularity = "addresses";
    } else if ((flags & EVPROF_REPORT_LINES) != 0) {
        granularity = "lines";
    } else if ((flags & EVPROF_REPORT_FILES) != 0 &&
               view->options.granularity[0] == '\0') {
        granularity = "filefunctions";
    }
    return granularity == NULL
               ? EVPROF_OK
               : evprof_options_set(&view->options, "granularity", granularity,
                                    err);
}

static int
override_options(evprof_view_t *view, evprof_error_t *err)
{
    unsigned flags = view->request.report->flags;
    evprof_options_t *o = &view->options;
    if (o->nodecount == -1) {
        o->nodecount = (flags & EVPROF_REPORT_ALL_NODES) != 0 ? 0 : DRAWN_NODES;
    }
    if ((flags & EVPROF_REPORT_UNTRIMMED) != 0 || !o->trim) {
        o->nodecount = 0;
        o->nodefraction = 0;
        o->edgefraction = 0;
    }
    return force_granularity(view, err);
}

static int
find_label_units(evprof_view_t *view, evprof_error_t *err)
{
    if (evprof_pprof_label_units(view->profile, &view->label_units) !=
        EVPROF_OK) {
        return evprof_fail(err, EVPROF_ENOMEM, "labels: out of memory");
    }
    for (size_t i = 0; i < view->label_units.count; i++) {
        const evprof_label_unit_t *unit = &view->label_units.items[i];
        if (unit->ignored_count == 0) {
            continue;
        }
        evprof_buf_t others = { 0 };
        for (size_t j = 0; j < unit->ignored_count; j++) {
            evprof_buf_printf(&others, "%s%s", j > 0 ? ", " : "",
                              unit->ignored[j]);
        }
        if (!others.failed) {
            evprof_view_say(view,
                            "label %s: shown in %s, though it also has %s",
                            unit->key, unit->unit, others.data);
        }
        evprof_buf_free(&others);
    }
    return EVPROF_OK;
}

static int
find_names(evprof_view_t *view, evprof_error_t *err)
{
    const evprof_pprof_t *p = view->profile;
    evprof_buf_t *names = &view->names;
    if (p->mapping_count > 0 && p->mappings[0].file[0] != '\0') {
        evprof_path_base(names, p->mappings[0].file);
    }
    evprof_buf_putc(names, '\0');
    size_t type = names->len;
    evprof_buf_printf(names, "%s%s", view->options.mean ? "mean_" : "",
                      p->types[view->value].type);
    if (names->failed) {
        return evprof_fail(err, EVPROF_ENOMEM, "report: out of memory");
    }
    view->title = names->data;
    view->sample_type = names->data + type;
    view->sample_unit = p->types[view->value].unit;
    view->output_unit = view->options.unit;
    return EVPROF_OK;
}

/* The column that is shown, as it would be named. */
static const char *
column_of(const evprof_view_t *view)
{
    const char *said = view->options.sample_index;
    bool counts = (view->request.report->flags & EVPROF_REPORT_COUNTS) != 0 &&
                  !view->request.is_strict && said[0] == '\0';
    for (size_t i = 0; i < view->profile->type_count && counts; i++) {
        if (strcmp(view->profile->types[i].type, "samples") == 0) {
            return "samples";
        }
    }
    return said;
}

static int
choose_values(evprof_view_t *view, evprof_error_t *err)
{
    if (view->profile->type_count == 0) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "the profile has no sample types");
    }
    int status =
        evprof_column_find(view->profile, column_of(view), &view->value, err);
    if (status != EVPROF_OK) {
        return status;
    }
    if (view->options.divide_by == 0) {
        return evprof_fail(err, EVPROF_EINVAL, "divide_by must not be 0");
    }
    view->ratio = 1 / view->options.divide_by;
    return find_names(view, err);
}

/* The text for an address in a report by lines: the line in `out`, or the
 * address. */
static const char *
pattern_of(const evprof_view_t *view, evprof_buf_t *out)
{
    const char *param = view->request.param;
    bool by_lines = (view->request.report->flags & EVPROF_REPORT_LINES) != 0;
    uint64_t address;
    if (by_lines && evprof_report_is_address(param, &address)) {
        evprof_report_put_functions(out, view->profile, view->request.code,
                                    address);
    }
    return out->len > 0 && !out->failed ? out->data : param;
}

static int
compile_param(evprof_view_t *view, evprof_error_t *err)
{
    const char *param = view->request.param;
    if (param == NULL) {
        return EVPROF_OK;
    }
    evprof_error_t inner;
    evprof_buf_t pattern = { 0 };
    int status =
        evprof_regex_new(pattern_of(view, &pattern), &view->match, &inner);
    evprof_buf_free(&pattern);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "%s is no regular expression: %s",
                           param, inner.message);
    }
    return EVPROF_OK;
}

bool
evprof_view_is_base(const evprof_sample_t *s)
{
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        if (label->text != NULL && strcmp(label->key, EVPROF_LABEL_BASE) == 0 &&
            strcmp(label->text, "true") == 0) {
            return true;
        }
    }
    return false;
}

typedef struct sum {
    int64_t value;
    int64_t divisor;
} sum_t;

static int64_t
mean_of(const sum_t *sum)
{
    int64_t value = sum->value;
    int64_t divisor = sum->divisor;
    if (divisor == 0 || (divisor == -1 && value == INT64_MIN)) {
        return value;
    }
    return value / divisor;
}

static void
add_to(sum_t *sum, sum_t part)
{
    sum->value = evprof_sum(sum->value, part.value);
    sum->divisor = evprof_sum(sum->divisor, part.divisor);
}

/* The sum of all magnitudes; where there are samples of a base that the rest is
 * compared with, of theirs only. */
static int64_t
compute_total(const evprof_view_t *view)
{
    const evprof_pprof_t *p = view->profile;
    sum_t all = { 0 };
    sum_t base = { 0 };
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        int64_t value = evprof_view_weight(view, s);
        sum_t one = { .value = value < 0 ? evprof_difference(0, value) : value,
                      .divisor = view->options.mean ? s->values[0] : 0 };
        add_to(&all, one);
        if (evprof_view_is_base(s)) {
            add_to(&base, one);
        }
    }
    return mean_of(base.value > 0 ? &base : &all);
}

/* By the names of the option's choices; NULL-terminated. */
static const struct granularity {
    const char *name;
    unsigned keep;
} granularities[] = {
    { "", EVPROF_KEEP_FUNCTION },
    { "functions", EVPROF_KEEP_FUNCTION },
    { "filefunctions", EVPROF_KEEP_FUNCTION | EVPROF_KEEP_FILENAME },
    { "files", EVPROF_KEEP_FILENAME },
    { "lines", EVPROF_KEEP_FUNCTION | EVPROF_KEEP_FILENAME | EVPROF_KEEP_LINE },
    { "addresses", EVPROF_KEEP_FUNCTION | EVPROF_KEEP_FILENAME |
                       EVPROF_KEEP_LINE | EVPROF_KEEP_ADDRESS },
    { NULL, 0 },
};

static void
aggregate(evprof_view_t *view)
{
    const evprof_options_t *o = &view->options;
    const struct granularity *g = granularities;
    while (g->name != NULL && strcmp(g->name, o->granularity) != 0) {
        g++;
    }
    unsigned keep = g->keep;
    if ((keep & EVPROF_KEEP_ADDRESS) != 0 && !o->noinlines) {
        return;
    }
    keep |= o->noinlines ? 0 : EVPROF_KEEP_INLINES;
    keep |= o->showcolumns ? EVPROF_KEEP_COLUMN : 0;
    evprof_pprof_aggregate(view->profile, keep);
}

static bool
is_plain(const evprof_view_t *view)
{
    return (view->request.report->flags & EVPROF_REPORT_PLAIN) != 0 &&
           !view->request.keeps_controls;
}

static int
fail_memory(int status, evprof_error_t *err)
{
    return status == EVPROF_OK
               ? status
               : evprof_fail(err, status, "report: out of memory");
}

static int
prepare(evprof_view_t *view, evprof_error_t *err)
{
    bool is_relative = view->options.relative_percentages;
    int status = find_label_units(view, err);
    if (status == EVPROF_OK) {
        status = override_options(view, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_view_add_tag_frames(view, err);
    }
    if (status == EVPROF_OK && is_relative) {
        status = evprof_view_filter(view, err);
    }
    if (status == EVPROF_OK && is_plain(view)) {
        status = fail_memory(evprof_pprof_plain_header(view->profile), err);
    }
    if (status == EVPROF_OK) {
        status = choose_values(view, err);
    }
    if (status == EVPROF_OK) {
        status = compile_param(view, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    view->total = compute_total(view);
    if (!is_relative) {
        status = evprof_view_filter(view, err);
    }
    if (status == EVPROF_OK && is_plain(view)) {
        status = fail_memory(evprof_pprof_plain_samples(view->profile), err);
    }
    if (status == EVPROF_OK) {
        aggregate(view);
    }
    return status;
}

int
evprof_view_new(evprof_pprof_t *profile, const evprof_request_t *request,
                evprof_view_t **out, evprof_error_t *err)
{
    evprof_view_t *view = calloc(1, sizeof(*view));
    if (view == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "report: out of memory");
    }
    view->profile = profile;
    view->request = *request;
    int status = evprof_options_copy(&view->options, request->options, err);
    if (status != EVPROF_OK) {
        free(view);
        return status;
    }
    status = prepare(view, err);
    if (status != EVPROF_OK) {
        evprof_view_free(view);
        return status;
    }
    *out = view;
    return EVPROF_OK;
}

void
evprof_view_free(evprof_view_t *view)
{
    if (view == NULL) {
        return;
    }
    evprof_regex_free(view->match);
    evprof_options_free(&view->options);
    evprof_buf_free(&view->names);
    free(view);
}

int
evprof_view_write(evprof_view_t *view, const evprof_writer_t *out,
                  evprof_error_t *err)
{
    int status = view->request.report->write(view, out, err);
    if (evprof_sum_was_cut()) {
        evprof_view_say(view,
                        "some sums are larger than 64 bits hold, and are "
                        "cut to %" PRId64,
                        INT64_MAX);
    }
    return status;
}

const evprof_pprof_t *
evprof_view_profile(const evprof_view_t *view)
{
    return view->profile;
}

const evprof_options_t *
evprof_view_options(const evprof_view_t *view)
{
    return &view->options;
}

const evprof_request_t *
evprof_view_request(const evprof_view_t *view)
{
    return &view->request;
}

int64_t
evprof_view_total(const evprof_view_t *view)
{
    return view->total;
}

const char *
evprof_view_title(const evprof_view_t *view)
{
    return view->title;
}

const char *
evprof_view_sample_type(const evprof_view_t *view)
{
    return view->sample_type;
}

const char *
evprof_view_sample_unit(const evprof_view_t *view)
{
    return view->sample_unit;
}

const char *
evprof_view_output_unit(const evprof_view_t *view)
{
    return view->output_unit;
}

double
evprof_view_ratio(const evprof_view_t *view)
{
    return view->ratio > 0 ? view->ratio : 1;
}

int64_t
evprof_view_weight(const evprof_view_t *view, const evprof_sample_t *sample)
{
    return sample->values[view->value];
}

int64_t
evprof_view_value(const evprof_view_t *view, const evprof_sample_t *sample)
{
    sum_t sum = { .value = sample->values[view->value] };
    sum.divisor = view->options.mean ? sample->values[0] : 0;
    return mean_of(&sum);
}

bool
evprof_view_matches(const evprof_view_t *view, const char *text)
{
    return view->match == NULL || evprof_regex_match(view->match, text);
}

const char *
evprof_view_label_unit(const evprof_view_t *view, const char *key)
{
    return evprof_label_unit(&view->label_units, key);
}

void
evprof_view_print(const evprof_view_t *view, evprof_buf_t *out, int64_t value)
{
    double ratio = evprof_view_ratio(view);
    if (ratio != 1) {
        value = evprof_view_truncate((double)value * ratio);
    }
    evprof_unit_format(out, value, view->sample_unit, view->output_unit);
}

void
evprof_view_print_wide(const evprof_view_t *view, evprof_buf_t *out,
                       int64_t value, size_t width)
{
    evprof_buf_t text = { 0 };
    evprof_view_print(view, &text, value);
    if (text.failed) {
        out->failed = true;
    } else {
        evprof_utf8_pad_left(out, text.data, width);
    }
    evprof_buf_free(&text);
}

void
evprof_view_print_column(const evprof_view_t *view, evprof_buf_t *out,
                         int64_t value)
{
    if (value == 0) {
        evprof_utf8_pad_left(out, ".", COLUMN_WIDTH);
    } else {
        evprof_view_print_wide(view, out, value, COLUMN_WIDTH);
    }
    evprof_buf_putc(out, ' ');
}
