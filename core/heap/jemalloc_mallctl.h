/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_JEMALLOC_MALLCTL_H
#define EVPROF_HEAP_JEMALLOC_MALLCTL_H

#include <stddef.h>

typedef int (*evprof_mallctl_fn)(const char *name, void *old, size_t *old_len,
                                 void *set, size_t set_len);

/* mallctl of the jemalloc that evprof_jemalloc_find() found: 0, or an errno
 * value; -1 before that. As MT-Safe as jemalloc's. */
int evprof_mallctl(const char *name, void *old, size_t *old_len, void *set,
                   size_t set_len);

#endif
