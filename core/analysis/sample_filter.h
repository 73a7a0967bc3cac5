/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_SAMPLE_FILTER_H
#define EVPROF_ANALYSIS_SAMPLE_FILTER_H

#include "core/analysis/regex.h"
#include "core/profile/pprof.h"

/*
 * Choosing samples and frames by name, in place. A name is a function's, its
 * file's or the mapping's file; each is matched once, however often it occurs.
 */

/* NULL: no such filter. */
typedef struct evprof_name_filter {
    evprof_regex_t *focus;  /* keep samples with a frame that matches */
    evprof_regex_t *ignore; /* drop samples with a frame that matches */
    evprof_regex_t *hide;   /* take frames out that match */
    evprof_regex_t *show;   /* take frames out that do not match */
} evprof_name_filter_t;

/* Which of the filters matched anything; focus also when it was not asked. */
typedef struct evprof_name_matched {
    bool focus;
    bool ignore;
    bool hide;
    bool show;
} evprof_name_matched_t;

/* All four in one pass. EVPROF_ENOMEM. */
int evprof_pprof_filter_names(evprof_pprof_t *p,
                              const evprof_name_filter_t *filter,
                              evprof_name_matched_t *out);

/* Drops the frames above the highest match, and samples without one. `matched`
 * says whether there was any. EVPROF_ENOMEM. */
int evprof_pprof_show_from(evprof_pprof_t *p, evprof_regex_t *from,
                           bool *matched);

#endif
