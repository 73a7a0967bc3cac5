/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_PAGES_H
#define EVPROF_EVHTTP_PAGES_H

/*
 * The pages that the adapter makes itself. They are made on the worker, since
 * modules are asked for counts and states.
 */

#include "core/runtime/job.h"

/* The list of profiles as HTML. */
int evprof_page_index(evprof_t *prof, const evprof_ask_t *ask,
                      evprof_result_t *result);

/* The status page as "name: value" lines: which profiles are on, and what was
 * sampled and lost. */
int evprof_page_status(evprof_t *prof, const evprof_ask_t *ask,
                       evprof_result_t *result);

/* The same lines as an HTML page that explains each. */
int evprof_page_status_table(evprof_t *prof, const evprof_ask_t *ask,
                             evprof_result_t *result);

/* The numbers of the status page and those of the process, as OpenMetrics
 * text. */
int evprof_page_metrics(evprof_t *prof, const evprof_ask_t *ask,
                        evprof_result_t *result);

/* Appends those of `lines`, each "name: value", whose value is a number, in the
 * same form in every locale. Any thread. */
void evprof_metrics_of_lines(const char *lines, evprof_buf_t *out);

/* Appends the meaning of a status line; nothing when it is unknown. */
void evprof_status_meaning(const char *name, size_t len, evprof_buf_t *out);

#endif
