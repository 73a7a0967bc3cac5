/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_QUERY_H
#define EVPROF_EVHTTP_QUERY_H

#include <stdbool.h>
#include <stdint.h>

/* The longest value of a parameter that is read here; a longer one is not a
 * number. */
#define EVPROF_QUERY_VALUE_MAX 64

/*
 * Writes the decoded value of the first parameter `key` of a raw query, which
 * may be NULL; "" when there is none or it is too long. Like Go, skips a
 * malformed pair and reads the rest.
 */
void evprof_query_get(const char *query, const char *key,
                      char out[EVPROF_QUERY_VALUE_MAX]);

/* The parameter as a decimal integer, or `otherwise` when it is not one. */
int64_t evprof_query_int(const char *query, const char *key, int64_t otherwise);

/* The parameter as a floating-point number, or `otherwise` when it is not a
 * finite one. */
double evprof_query_number(const char *query, const char *key,
                           double otherwise);

#endif
