/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_QUERY_H
#define EVPROF_EVHTTP_QUERY_H

#include <stdbool.h>
#include <stdint.h>

/* The longest value that a parameter of ours can have; longer ones are no
 * numbers anyway. */
#define EVPROF_QUERY_VALUE_MAX 64

/*
 * Writes the decoded value of the first parameter `key` of a raw query (may be
 * NULL), "" when there is none or it is too long. A pair that is broken is
 * skipped and the rest still read, as Go does.
 */
void evprof_query_get(const char *query, const char *key,
                      char out[EVPROF_QUERY_VALUE_MAX]);

/* The parameter as a decimal integer, or `otherwise` when it is not one. */
int64_t evprof_query_int(const char *query, const char *key, int64_t otherwise);

/* The parameter as a number, or `otherwise` when it is not a finite one. */
double evprof_query_number(const char *query, const char *key,
                           double otherwise);

#endif
