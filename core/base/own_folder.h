/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_OWN_FOLDER_H
#define EVPROF_BASE_OWN_FOLDER_H

#include <evprof/status.h>

/*
 * Opens a folder in which only this user and root can make, replace or remove
 * files, so that nobody else can say where writes go; it is made, for its owner
 * only, if its parent is there. The descriptor, which the caller closes. -1:
 * EVPROF_EIO in `err`, also where the folder is a symbolic link, belongs to
 * another user or is writable by others. Any thread; no signal handler.
 */
int evprof_own_folder_open(const char *path, evprof_error_t *err);

#endif
