/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_LABEL_TALLY_H
#define EVPROF_REPORT_LABEL_TALLY_H

#include "core/report/report.h"

/* The sums of the samples that have one value of a label. */
typedef struct evprof_tally_row {
    const char *key;
    const char *name; /* the text, or the number with its unit */
    int64_t weight;
} evprof_tally_row_t;

/* Rows by key, in it the heaviest first. */
typedef struct evprof_tally {
    evprof_strings_t strings;
    evprof_tally_row_t *rows;
    size_t count;
} evprof_tally_t;

/* EVPROF_ENOMEM. */
int evprof_tally_make(const evprof_view_t *view, evprof_tally_t *out,
                      evprof_error_t *err);

/* Frees the rows; it is empty afterwards. */
void evprof_tally_free(evprof_tally_t *tally);

/* Where the rows of the key at `from` end. */
size_t evprof_tally_key_end(const evprof_tally_t *tally, size_t from);

#endif
