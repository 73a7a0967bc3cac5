/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_VIEWER_H
#define EVPROF_CLI_VIEWER_H

#include "adapters/cli/cli.h"

/* True for reports that another program shows. */
bool cli_has_viewer(const evprof_report_t *report);

/* True when one of the programs that show it can be started. */
bool cli_viewer_is_installed(const evprof_report_t *report);

/* True when a program of that name can be started. */
bool cli_is_installed(const char *program);

/* Makes a temporary file for such a report, deleted at the end of the process,
 * and appends its name to `name`. EVPROF_EIO. */
int cli_view_file(const evprof_report_t *report, evprof_buf_t *name,
                  evprof_error_t *err);

/* Writes the view to the job's temporary file and shows that; waits for the
 * viewer to end, in the shell only until it has started. */
int cli_view(evprof_view_t *view, const cli_job_t *job, evprof_error_t *err);

/* Opens a page in the first browser that starts, without waiting for it. */
void cli_browse(const char *url);

#endif
