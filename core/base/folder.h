/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_FOLDER_H
#define EVPROF_BASE_FOLDER_H

#include <stdbool.h>

/* Makes the folder that `file` is to be in and all above it that are missing,
 * with `mode` for each; true when it is there afterwards. */
bool evprof_folder_make_parent(const char *file, unsigned mode);

#endif
