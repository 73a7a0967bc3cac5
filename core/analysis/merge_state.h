/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_MERGE_STATE_H
#define EVPROF_ANALYSIS_MERGE_STATE_H

/* The inside of a merge: merge.c adds up samples, merge_tables.c finds or makes
 * the rows that they refer to, merge_header.c does the rest; merging.c takes
 * the sources one by one. */

#include "core/base/index.h"
#include "core/profile/pprof.h"

/* Where a source's row went. */
typedef struct evprof_merged_mapping {
    uint32_t row;    /* EVPROF_NO_INDEX: not yet */
    uint64_t offset; /* to be added to its addresses */
} evprof_merged_mapping_t;

/* A text of the source and the merged profile's equal one. */
typedef struct evprof_merged_text {
    const char *from;
    const char *to;
} evprof_merged_text_t;

#define EVPROF_MERGED_TEXTS 256

typedef struct evprof_merger {
    evprof_pprof_t *out; /* its arrays are from malloc until settled */
    size_t sample_cap;
    size_t location_cap;
    size_t function_cap;
    size_t mapping_cap;
    evprof_index_t samples;
    evprof_index_t locations;
    evprof_index_t functions;
    evprof_index_t mappings;

    /* Of the source that is being read. */
    const evprof_pprof_t *source;
    uint32_t *location_rows; /* EVPROF_NO_INDEX: not yet */
    uint32_t *function_rows;
    evprof_merged_mapping_t *mapping_rows;
    evprof_merged_text_t texts[EVPROF_MERGED_TEXTS];

    uint32_t *stack; /* room for one sample */
    size_t stack_cap;
    evprof_label_t *labels;
    size_t label_cap;
    evprof_line_t *lines; /* room for one location */
    size_t line_cap;
} evprof_merger_t;

/* The merged row of a mapping of the source. EVPROF_ENOMEM. */
int evprof_merger_mapping(evprof_merger_t *m, uint32_t row,
                          evprof_merged_mapping_t *out);

/* The merged row of a location of the source, with its lines. EVPROF_ENOMEM. */
int evprof_merger_location(evprof_merger_t *m, uint32_t row, uint32_t *out);

/* Adds all samples of a source; headers are not looked at. EVPROF_ENOMEM. */
int evprof_merger_add(evprof_merger_t *m, const evprof_pprof_t *source);

/* Hands out the merged profile and frees the rest. A failure in `status` is
 * returned instead. EVPROF_ENOMEM. */
int evprof_merger_end(evprof_merger_t *m, int status, evprof_pprof_t **out);

/* Removes samples of `*p` whose values are all zero, and rows that only they
 * used. EVPROF_ENOMEM. */
int evprof_merge_collect_zeros(evprof_pprof_t **p);

/* Fills in the rows of the source that are in the tables already.
 * EVPROF_ENOMEM. */
int evprof_merger_find_known(evprof_merger_t *m);

/* Interns the text in `p`, in place. EVPROF_ENOMEM. */
int evprof_merge_text(evprof_pprof_t *p, const char **text);

/* Gives `p` the columns of the first source. EVPROF_ENOMEM. */
int evprof_merge_columns(evprof_pprof_t *p, const evprof_pprof_t *first);

/* Fills all else but the tables. EVPROF_ENOMEM. */
int evprof_merge_headers(evprof_pprof_t *p, evprof_pprof_t *const *sources,
                         size_t count);

#endif
