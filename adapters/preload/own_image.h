/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_OWN_IMAGE_H
#define EVPROF_PRELOAD_OWN_IMAGE_H

#include <stdbool.h>

/* Notes what a program that replaces itself is to find again: its own path and
 * the variables by which it was preloaded. In the constructor, before any of
 * them is changed. */
void evprof_preload_image_begin(void);

/*
 * Whether `file`, as fstatat() takes it, is what lies at the program's own path
 * now: after an upgrade that is a new file. A name without a slash, which is
 * looked for in PATH, is believed; an empty one stands for `folder` itself.
 * Signal-safe.
 */
bool evprof_preload_is_own_image(int folder, const char *file, int flags);

/* Runs `image`, the caller's, with an environment; what exec or spawn return.
 */
typedef int evprof_image_run_fn(const void *image, char *const environment[]);

/* Runs it with an environment that has our variables again, which lives until
 * it returns; what else was preloaded comes back only where the program
 * `is_own`. errno stays that of `run`. Signal-safe. */
int evprof_preload_run_restored(evprof_image_run_fn *run, const void *image,
                                char *const environment[], bool is_own);

#endif
