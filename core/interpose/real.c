/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RTLD_NEXT means the objects after the one that asks, in the order in which
 * the loader searches, so sanitizers and other wrappers behind us still run.
 */
#include "core/interpose/real.h"

#include <dlfcn.h>
#include <string.h>

evprof_real_fn
evprof_real(_Atomic(evprof_real_fn) *cache, const char *name)
{
    evprof_real_fn real = atomic_load_explicit(cache, memory_order_relaxed);
    if (!real) {
        /* ISO C knows no conversion from an object pointer to a function. */
        void *found = dlsym(RTLD_NEXT, name);
        memcpy(&real, &found, sizeof(real));
        atomic_store_explicit(cache, real, memory_order_relaxed);
    }
    return real;
}
