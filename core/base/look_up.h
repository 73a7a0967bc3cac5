/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking up a function in the objects that are loaded.
 *
 * With RTLD_DEFAULT and RTLD_NEXT dlsym() starts from the object that its
 * return address lies in. Where an optimizer makes the call the last one of a
 * constructor, or of a function that another object called, that is the
 * caller's object: dlsym() then crashes in the loader, or finds our own wrapper
 * for ever.
 */
#ifndef EVPROF_CORE_BASE_LOOK_UP_H
#define EVPROF_CORE_BASE_LOOK_UP_H

#include <dlfcn.h>

/* What dlsym(where, name) finds from this object, NULL for nothing. It may wait
 * for a thread that is in dlopen() or dlclose(). For any thread; not for signal
 * handlers. */
static inline void *
evprof_look_up(void *where, const char *name)
{
    /* It is read after the call, so that something of ours is left to do. */
    void *volatile found = dlsym(where, name);
    return found;
}

#endif
