/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_MATCH_H
#define EVPROF_TESTING_MATCH_H

#include <stdbool.h>

#include <evprof/status.h>

/*
 * Which tests -run, -bench and -skip mean. A pattern is regexps separated by
 * slashes, one a level of the name, and alternatives separated by bars; a bar
 * or slash inside brackets or parentheses belongs to its regexp.
 */
typedef struct evprof_matcher evprof_matcher_t;

enum evprof_match { EVPROF_MATCH_NO, EVPROF_MATCH_PARTIAL, EVPROF_MATCH_FULL };

/*
 * `flag` names the pattern's flag in messages ("-test.run"). EVPROF_EPARSE with
 * Go's words when a regexp is malformed, EVPROF_ENOMEM.
 */
int evprof_matcher_new(const char *pattern, const char *flag, const char *skip,
                       evprof_matcher_t **out, evprof_error_t *err);

/* Frees the matcher and the names that it gave out; NULL is ignored. */
void evprof_matcher_free(evprof_matcher_t *m);

/* Whether the test of that full name runs; PARTIAL: only its sub-tests may. */
enum evprof_match evprof_matcher_test(evprof_matcher_t *m, const char *name);

/*
 * The full name of a sub-test: spaces become underscores, what cannot be
 * printed is escaped, a name used before gets "#01". The caller frees it; NULL:
 * memory.
 */
char *evprof_matcher_sub_name(evprof_matcher_t *m, const char *parent,
                              const char *name);

#endif
