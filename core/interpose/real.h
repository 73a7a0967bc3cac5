/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_INTERPOSE_REAL_H
#define EVPROF_INTERPOSE_REAL_H

/*
 * The function that a wrapper stands in front of. `cache` is a static of the
 * wrapper's; any number of threads may find the function at the same time, they
 * find the same. dlsym may allocate, so a wrapper that allocators call must
 * have looked before. NULL: there is none.
 */

#include <stdatomic.h>

typedef void (*evprof_real_fn)(void);

evprof_real_fn evprof_real(_Atomic(evprof_real_fn) *cache, const char *name);

#endif
