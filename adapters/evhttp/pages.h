/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_PAGES_H
#define EVPROF_EVHTTP_PAGES_H

/*
 * The pages that the adapter itself makes; they run on the worker, as counts
 * and states are asked of the modules.
 */

#include "core/runtime/job.h"

/* The list of profiles as HTML. */
int evprof_page_index(evprof_t *prof, const evprof_ask_t *ask,
                      evprof_result_t *result);

/* The status page: which profiles are on, and what was sampled and lost, as
 * "name: value" lines. */
int evprof_page_status(evprof_t *prof, const evprof_ask_t *ask,
                       evprof_result_t *result);

/* The same as an HTML page that says what each line means. */
int evprof_page_status_table(evprof_t *prof, const evprof_ask_t *ask,
                             evprof_result_t *result);

/* The numbers of it, and those of the process, as OpenMetrics text. */
int evprof_page_metrics(evprof_t *prof, const evprof_ask_t *ask,
                        evprof_result_t *result);

/* Appends those of `lines`, "name: value" each, that are numbers, the same in
 * every locale. Any thread. */
void evprof_metrics_of_lines(const char *lines, evprof_buf_t *out);

/* Appends what a line of that name means, nothing where that is not known. */
void evprof_status_meaning(const char *name, size_t len, evprof_buf_t *out);

#endif
