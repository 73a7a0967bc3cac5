/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions exist twice in glibc with different bodies (2.2.5 and 2.3.2), and
 * the wrong one hangs, so a name may ask for its version. But an interposer
 * behind us has no versions: where the plain lookup ends outside the object
 * that has the versioned symbol, the plain one is taken, for it will go on to
 * libc.
 */
#include "core/interpose/real.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

static bool
is_in_one_object(const void *a, const void *b)
{
    Dl_info of_a;
    Dl_info of_b;
    return dladdr(a, &of_a) != 0 && dladdr(b, &of_b) != 0 &&
           of_a.dli_fbase == of_b.dli_fbase;
}

uintptr_t
evprof_real_find(evprof_real_t *real)
{
    void *found = dlsym(RTLD_NEXT, real->name);
    void *versioned = real->version == NULL
                          ? NULL
                          : dlvsym(RTLD_NEXT, real->name, real->version);
    if (versioned != NULL &&
        (found == NULL || is_in_one_object(found, versioned))) {
        found = versioned;
    }
    if (found == NULL) {
        /* Only a libc without that name comes here, and then the program could
         * not have been linked; there is nothing to fall back to. */
        abort();
    }
    atomic_store_explicit(&real->address, (uintptr_t)found,
                          memory_order_relaxed);
    return (uintptr_t)found;
}
