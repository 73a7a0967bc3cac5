/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects are looked at before and after an unloading, so that stacks taken
 * in an unloaded object keep their names, whatever is loaded at its place
 * later. dlopen() is not wrapped, since it depends on its caller; dlclose()
 * does not.
 *
 * The destructors of unloaded objects run inside the call and may unload more,
 * so no lock of ours is held meanwhile.
 */
#include <dlfcn.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/objects/objects.h"
#include "core/sample/hooks.h"

typedef int dlclose_fn(void *);

static evprof_real_t real_dlclose = EVPROF_REAL(dlclose, NULL);

__attribute__((constructor(101))) static void
find_dlclose(void)
{
    static evprof_real_t *const reals[] = { &real_dlclose };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

EVPROF_API EVPROF_HOOK int
dlclose(void *handle)
{
    dlclose_fn *real = (dlclose_fn *)evprof_real(&real_dlclose);
    evprof_objects_unloading();
    int result = real(handle);
    evprof_objects_unloaded();
    return result;
}
