/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_NEXT_IMAGE_H
#define EVPROF_PRELOAD_NEXT_IMAGE_H

#include <stdbool.h>

/* Notes the process and its loader. In the constructor, before the environment
 * is changed. */
void evprof_preload_next_begin(void);

/*
 * Whether the image that the calling process is about to put in its own place
 * is to have the library too. `file` is as fstatat() takes it, or with
 * `by_path` a name that is looked for in PATH. False in a child of fork or
 * vfork: what that runs is another program. Signal-safe; may change errno.
 */
bool evprof_preload_may_follow(int folder, const char *file, int flags,
                               bool by_path);

#endif
