/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_VIEWER_H
#define EVPROF_CLI_VIEWER_H

#include "adapters/cli/cli.h"

/* Writes the view to a temporary file and shows that; waits for the viewer to
 * end unless `is_background`. */
int cli_view(evprof_view_t *view, const evprof_report_t *report,
             bool is_background, evprof_error_t *err);

/* Makes a new file DIR/PREFIXnnn.SUFFIX with the first free number and appends
 * its name to `name`. EVPROF_EIO. */
int cli_new_file(const char *dir, const char *prefix, const char *suffix,
                 evprof_buf_t *name, evprof_error_t *err);

#endif
