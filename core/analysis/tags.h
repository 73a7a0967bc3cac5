/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_TAGS_H
#define EVPROF_ANALYSIS_TAGS_H

#include "core/analysis/regex.h"
#include "core/profile/pprof.h"

/* Labels (pprof's options call them tags): filters and pseudo frames. */

/* ---- Units of numeric labels ---- */

/* The unit a key's numbers are taken in. Where samples disagree, `ignored`
 * names the other units, sorted. */
typedef struct evprof_label_unit {
    const char *key;
    const char *unit;
    const char **ignored;
    size_t ignored_count;
} evprof_label_unit_t;

typedef struct evprof_label_units {
    evprof_label_unit_t *items; /* by key, ascending */
    size_t count;
} evprof_label_units_t;

/* Looks through all samples; keys without any unit get "bytes" when they are
 * "request" or "alignment", else the key itself. In the profile's arena, never
 * freed by itself. EVPROF_ENOMEM. */
int evprof_pprof_label_units(evprof_pprof_t *p, evprof_label_units_t *out);

/* The unit for `key`, or "". */
const char *evprof_label_unit(const evprof_label_units_t *units,
                              const char *key);

/* ---- tagfocus, tagignore ---- */

typedef struct evprof_tag_filter evprof_tag_filter_t;

/*
 * Understands `[key=]value`: a range of numbers ("1mb:2gb", ":30kb", "5"), or
 * regexps separated by commas. `name` is the option, for the message; `units`
 * is borrowed. EVPROF_EPARSE ("parsing tagfocus regexp: error ..."),
 * EVPROF_ENOMEM.
 */
int evprof_tag_filter_new(const char *name, const char *value,
                          const evprof_label_units_t *units,
                          evprof_tag_filter_t **out, evprof_error_t *err);

/* Frees the filter; NULL is ignored. */
void evprof_tag_filter_free(evprof_tag_filter_t *f);

/* The value (without the key) when it was taken as a range of numbers, for the
 * message that says so; else NULL. */
const char *evprof_tag_filter_range(const evprof_tag_filter_t *f);

typedef struct evprof_tag_matched {
    bool focus;
    bool ignore;
} evprof_tag_matched_t;

/* Keeps the samples that match `focus` and not `ignore`; each may be NULL. */
void evprof_pprof_filter_tags(evprof_pprof_t *p, evprof_tag_filter_t *focus,
                              evprof_tag_filter_t *ignore,
                              evprof_tag_matched_t *out);

/* ---- tagshow, taghide ---- */

typedef struct evprof_label_matched {
    bool show;
    bool hide;
} evprof_label_matched_t;

/* Keeps the labels whose key matches `show` and not `hide`. EVPROF_ENOMEM. */
int evprof_pprof_filter_labels(evprof_pprof_t *p, evprof_regex_t *show,
                               evprof_regex_t *hide,
                               evprof_label_matched_t *out);

/* ---- tagroot, tagleaf ---- */

typedef struct evprof_tag_frames {
    const char *const *root_keys; /* the first one is outermost */
    size_t root_count;
    const char *const *leaf_keys; /* the last one is innermost */
    size_t leaf_count;
    const char *unit; /* numbers are shown in; "minimum" as in the options */
} evprof_tag_frames_t;

typedef struct evprof_frames_matched {
    bool root;
    bool leaf;
} evprof_frames_matched_t;

/* Adds a frame for each key to each sample, named after the sample's values and
 * filed under the key. EVPROF_ENOMEM. */
int evprof_pprof_add_tag_frames(evprof_pprof_t *p,
                                const evprof_tag_frames_t *frames,
                                evprof_frames_matched_t *out);

#endif
