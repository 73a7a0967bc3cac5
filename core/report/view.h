/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_VIEW_H
#define EVPROF_REPORT_VIEW_H

/* The inside of a view, for the files of this room. */

#include "core/analysis/regex.h"
#include "core/analysis/tags.h"
#include "core/report/report.h"

struct evprof_view {
    evprof_pprof_t *profile;
    evprof_request_t request;
    evprof_options_t options; /* as the report has them, after its overrides */
    evprof_label_units_t label_units;
    evprof_regex_t *match;
    size_t value;      /* column */
    const char *title; /* base name of the binary, or "" */
    const char *sample_type;
    const char *sample_unit;
    const char *output_unit; /* "minimum" until a graph has settled it */
    double ratio;
    int64_t total;
    evprof_buf_t names; /* title and type, as far as they are made here */
};

/* Applies the filters (focus, ignore, hide, show and those of tags) to
 * the view's profile, and says which matched nothing. EVPROF_EPARSE,
 * EVPROF_ENOMEM. */
int evprof_view_filter(evprof_view_t *view, evprof_error_t *err);

/* Adds the frames of tagroot and tagleaf. EVPROF_ENOMEM. */
int evprof_view_add_tag_frames(evprof_view_t *view, evprof_error_t *err);

/* Whether the sample is one of the base that is compared with. */
bool evprof_view_is_base(const evprof_sample_t *sample);

/* Passes a remark on. */
void evprof_view_say(const evprof_view_t *view, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Converts a double as Go does on this machine: a value that does not fit
 * becomes INT64_MIN. */
static inline int64_t
evprof_view_truncate(double value)
{
    return value > -9223372036854775808.0 && value < 9223372036854775808.0
               ? (int64_t)value
               : INT64_MIN;
}

#endif
