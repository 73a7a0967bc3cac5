/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_ROWS_H
#define EVPROF_REPORT_ROWS_H

/* Sums over stacks for single places: the rows of a table, callers and callees,
 * and the results of a search. A place counts once for each stack, however
 * often it occurs in it. */

#include "core/analysis/regex.h"
#include "core/report/fold.h"

typedef struct evprof_row {
    evprof_sum_t flat;
    evprof_sum_t cum;
    int64_t flat_div; /* of means, else 0 */
    int64_t cum_div;
    uint32_t inlined; /* frames that are inlined */
    uint32_t called;  /* frames that are not */
} evprof_row_t;

/* One row for each place, to be freed. EVPROF_ENOMEM. */
int evprof_rows_make(const evprof_stacks_t *s, evprof_row_t **out,
                     evprof_error_t *err);

/* The value as reports print it: the sum, or the mean where that is asked. */
int64_t evprof_row_flat(const evprof_row_t *row);

/* The same with what was called from there. */
int64_t evprof_row_cum(const evprof_row_t *row);

typedef struct evprof_call {
    uint32_t place;
    evprof_sum_t sum;
} evprof_call_t;

typedef struct evprof_calls {
    evprof_call_t *callers; /* the heaviest first */
    size_t caller_count;
    evprof_call_t *callees;
    size_t callee_count;
} evprof_calls_t;

/* The callers and callees of a place. EVPROF_ENOMEM. */
int evprof_calls_make(const evprof_stacks_t *s, uint32_t place,
                      evprof_calls_t *out, evprof_error_t *err);

/* Frees both lists; they are empty afterwards. */
void evprof_calls_free(evprof_calls_t *calls);

typedef struct evprof_found {
    bool *is_match;   /* of each place */
    size_t count;     /* of places that match */
    evprof_sum_t sum; /* of the stacks with such a place */
} evprof_found_t;

/* Looks for names and files. EVPROF_ENOMEM. */
int evprof_stacks_search(const evprof_stacks_t *s, evprof_regex_t *pattern,
                         evprof_found_t *out, evprof_error_t *err);

#endif
