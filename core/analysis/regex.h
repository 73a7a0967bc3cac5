/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_REGEX_H
#define EVPROF_ANALYSIS_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include <evprof/status.h>

/*
 * Regular expressions in Go's syntax (RE2's), unanchored, on UTF-8, asked only
 * whether they match. Time is bounded: an expression that backtracks too much
 * goes on without backtracking. One thread at a time for one regex.
 */
typedef struct evprof_regex evprof_regex_t;

/*
 * EVPROF_EPARSE with what is wrong and where, "a closing ) is missing: `(a`";
 * EVPROF_ENOMEM.
 */
int evprof_regex_new(const char *pattern, evprof_regex_t **out,
                     evprof_error_t *err);

/* Frees the expression; NULL is ignored. */
void evprof_regex_free(evprof_regex_t *re);

/* Whether the expression matches somewhere in `text`. */
bool evprof_regex_match(evprof_regex_t *re, const char *text);

/* The same for `len` bytes, which may hold NULs. */
bool evprof_regex_match_len(evprof_regex_t *re, const char *text, size_t len);

#endif
