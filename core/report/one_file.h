/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_ONE_FILE_H
#define EVPROF_REPORT_ONE_FILE_H

/* The flame graph and the table as one page that needs no server. */

#include "core/report/stacks.h"

/* The parts of the page: a template with marks for the title, the style, the
 * script and the data, and the texts for two of them. */
typedef struct evprof_one_file {
    const char *page;
    const char *style;
    const char *script;
} evprof_one_file_t;

/* Appends the page. `profile` is the one that the stacks were made of.
 * EVPROF_ENOMEM. */
int evprof_one_file_write(const evprof_one_file_t *files,
                          const evprof_stacks_t *s,
                          const evprof_pprof_t *profile, evprof_buf_t *out,
                          evprof_error_t *err);

#endif
