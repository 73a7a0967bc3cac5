/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_ENVIRONMENT_H
#define EVPROF_PRELOAD_ENVIRONMENT_H

#include <stdbool.h>

/*
 * Takes this library out of LD_PRELOAD, so that the programs which this one
 * starts do not have it. What else stands there stays. In a constructor, while
 * there is one thread.
 */
void evprof_preload_leave_environment(void);

/* Whether a list of preloaded libraries has this one. Signal-safe. */
bool evprof_preload_has_own(const char *list);

/* A copy of this library's entry of such a list, which may be NULL; NULL: it
 * has none, or memory is out. */
char *evprof_preload_own_entry(const char *list);

/* Whether a library, by its name without folders, is a sanitizer's, which must
 * be the first of a program or of LD_PRELOAD. Signal-safe. */
bool evprof_preload_is_sanitizer(const char *library);

/* Whether such a list, which may be NULL, has one. Signal-safe. */
bool evprof_preload_has_sanitizer(const char *list);

/* The value of a variable in an environment, or NULL. Signal-safe. */
const char *evprof_preload_value(char *const environment[], const char *name);

#endif
