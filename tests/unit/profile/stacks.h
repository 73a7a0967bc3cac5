/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PROFILE_STACKS_H
#define TESTS_UNIT_PROFILE_STACKS_H

#include "core/base/buf.h"
#include "core/profile/pprof.h"

/*
 * Profiles as text, so that a test shows what goes in and what comes out. One
 * sample a line, root first:
 *
 *     main;work>inlined@file.c;leaf 5,7 key=text size:bytes=4
 *
 * `>` stands between the lines of one location, the outermost first; values are
 * one a column (the columns are "one", "two", ... in "count"); a label with a
 * colon (unit may be empty) is numeric. Equal frames are one location, at an
 * address that follows from the text.
 */
evprof_pprof_t *make_stacks(const char *text);

/* The same text from a profile, in the order of its samples. */
char *show_stacks(const evprof_pprof_t *p);

/* Fails the test unless `p` shows as `expected`. */
void assert_stacks(const evprof_pprof_t *p, const char *expected);

#endif
