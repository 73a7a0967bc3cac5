/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_SYMBOLIZED_H
#define EVPROF_ANALYSIS_SYMBOLIZED_H

/* Names that stand before a profile; what is behind them is read as usual. */

#include "core/analysis/lines.h"
#include "core/profile/pprof.h"

typedef struct evprof_raw_symbol {
    uint64_t address;
    evprof_span_t name; /* of the text; inlined functions first */
} evprof_raw_symbol_t;

typedef struct evprof_symbolized {
    evprof_raw_symbol_t *items; /* by address */
    size_t count;
    size_t cap;
    evprof_span_t binary; /* of the text; "" where none is named */
} evprof_symbolized_t;

/* Whether the text begins with such names. */
bool evprof_symbolized_is(evprof_span_t text);

/*
 * Reads the names at the front of `text`, which is then the profile. They refer
 * to it and are to be freed, also after a failure. EVPROF_EPARSE: no profile
 * follows; EVPROF_ENOMEM.
 */
int evprof_symbolized_split(evprof_symbolized_t *t, evprof_span_t *text,
                            evprof_error_t *err);

/* Gives the profile's addresses their names. EVPROF_ENOMEM. */
int evprof_symbolized_apply(const evprof_symbolized_t *t, evprof_pprof_t *p,
                            evprof_error_t *err);

/* Frees the names; the text stays. */
void evprof_symbolized_free(evprof_symbolized_t *t);

#endif
