/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_FOLDER_H
#define EVPROF_BASE_FOLDER_H

#include <dirent.h>
#include <stdbool.h>

/* Makes the folder that `file` is to be in and all above it that are missing,
 * with `mode` for each; true when it is there afterwards. */
bool evprof_folder_make_parent(const char *file, unsigned mode);

/* The entries of an open folder, from its beginning, whoever else lists it; the
 * caller closes the list. NULL: it cannot be read. */
DIR *evprof_folder_list(int folder_fd);

#endif
