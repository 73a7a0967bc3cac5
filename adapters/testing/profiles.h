/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_PROFILES_H
#define EVPROF_TESTING_PROFILES_H

#include "adapters/testing/options.h"

/*
 * Opens every profile's file and starts what has to run meanwhile. 0, or 2 when
 * one cannot be had: a run whose profile is lost is not worth its time. The
 * complaint goes to stderr.
 */
int evprof_profiles_begin(const evprof_test_options_t *options);

/* Writes and closes every profile, once; later calls do nothing. `remark`, a
 * static string, becomes a comment of each; NULL: none. 0, or 2. */
int evprof_profiles_end(const char *remark);

/* Warns on stderr, for each profile that was written, that the run failed and
 * the profile is not of the whole run. After evprof_profiles_end(). */
void evprof_profiles_say_failed(void);

/* Prints the stack of every thread to stderr, where that can be had. */
void evprof_profiles_dump_threads(void);

#endif
