/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions exist twice in glibc with different bodies (2.2.5 and 2.3.2), and
 * the wrong one hangs, so a name may ask for its version. But an interposer
 * behind us has no versions: where the plain lookup ends outside the object
 * that has the versioned symbol, the plain one is taken, for it will go on to
 * libc.
 *
 * A program may have us behind libc: linked in that order, or brought by a
 * plugin. Nothing calls our wrappers by name then, but what we call ourselves
 * has no next definition and is taken from libc itself.
 */
#include "core/interpose/real.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/look_up.h"

static bool
is_in_one_object(const void *a, const void *b)
{
    Dl_info of_a;
    Dl_info of_b;
    return dladdr(a, &of_a) != 0 && dladdr(b, &of_b) != 0 &&
           of_a.dli_fbase == of_b.dli_fbase;
}

static void *
find_in(void *where, const evprof_real_t *real)
{
    void *found = evprof_look_up(where, real->name);
    void *versioned =
        real->version == NULL ? NULL : dlvsym(where, real->name, real->version);
    return versioned != NULL &&
                   (found == NULL || is_in_one_object(found, versioned))
               ? versioned
               : found;
}

static void *
find_in_libc(const evprof_real_t *real)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    /* Not closed again: dlclose() is ours, and libc stays anyway. */
    return libc == NULL ? NULL : find_in(libc, real);
}

/* NULL: libc lacks that name. */
static evprof_real_fn
find(evprof_real_t *real)
{
    void *found = find_in(RTLD_NEXT, real);
    if (found == NULL) {
        found = find_in_libc(real);
    }
    /* ISO C knows no conversion from an object pointer to a function. */
    evprof_real_fn function;
    memcpy(&function, &found, sizeof(function));
    atomic_store_explicit(&real->address, function, memory_order_relaxed);
    return function;
}

evprof_real_fn
evprof_real_find(evprof_real_t *real)
{
    evprof_real_fn function = find(real);
    if (function == NULL) {
        /* The program could not have been linked with such a libc; there is
         * nothing to fall back to. */
        abort();
    }
    return function;
}

void
evprof_real_find_all(evprof_real_t *const *reals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)find(reals[i]);
    }
}
