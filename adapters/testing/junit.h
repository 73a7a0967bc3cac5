/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_JUNIT_H
#define EVPROF_TESTING_JUNIT_H

#include "adapters/testing/state.h"

/*
 * -junit: a file of results in the XML that build servers read, one case a
 * test, sub-test or benchmark. Cases are kept until the run ends, however it
 * ends.
 */

/* Opens the file; 0, or 2 with a complaint on stderr. Before the first test. */
int evprof_junit_begin(const char *path);

/* Whether -junit was given: what a test logs is kept for its case then. */
bool evprof_junit_is_on(void);

/* Keeps the case of a test that is over, with what it has logged. Any thread.
 */
void evprof_junit_add(struct evprof_tb_state *s);

/* Writes the file; 0, or 2 with a complaint. Any thread, later calls do
 * nothing. */
int evprof_junit_end(void);

#endif
