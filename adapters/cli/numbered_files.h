/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_NUMBERED_FILES_H
#define EVPROF_CLI_NUMBERED_FILES_H

#include <evprof/status.h>

#include "core/base/buf.h"

/* Makes a new file DIR/PREFIXnnn.SUFFIX with the first free number and appends
 * its name to `name`. EVPROF_EIO. */
int cli_new_file(const char *dir, const char *prefix, const char *suffix,
                 evprof_buf_t *name, evprof_error_t *err);

#endif
