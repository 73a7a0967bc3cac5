/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_PARAMS_H
#define EVPROF_WEB_PARAMS_H

/* The parameters of a URL. */

#include <stddef.h>
#include <stdint.h>

#include "core/report/options.h"

typedef struct evprof_param {
    char *key;
    char *value; /* decoded */
} evprof_param_t;

typedef struct evprof_params {
    evprof_param_t *items; /* in the query's order */
    size_t count;
} evprof_params_t;

/* Reads a query, which may be NULL. Malformed pairs are skipped, and all after
 * the first hundred. EVPROF_ENOMEM. */
int evprof_params_read(const char *query, evprof_params_t *out);

/* Frees the pairs; there are none afterwards. */
void evprof_params_free(evprof_params_t *params);

/* The first value of that key, or NULL. */
const char *evprof_param(const evprof_params_t *params, const char *key);

/* The value as a number from `low` to `high`; `otherwise` when it is not
 * one. */
int64_t evprof_param_int(const evprof_params_t *params, const char *key,
                         int64_t low, int64_t high, int64_t otherwise);

/*
 * Sets the options that the parameters name: by pprof's names in URLs, or by
 * the options' own names where pprof has none. EVPROF_EPARSE: an invalid value;
 * EVPROF_ENOMEM.
 */
int evprof_params_apply(const evprof_params_t *params, evprof_options_t *o,
                        evprof_error_t *err);

#endif
