/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Demangling is borrowed from the process: a program with C++ in it has the C++
 * runtime's __cxa_demangle loaded, a program without has nothing to demangle.
 * The runtime library thus needs no demangler of its own (libiberty's would
 * bring its licence into every server). Where the C++ runtime is linked
 * statically and not exported, names stay as they are, and viewers demangle
 * them.
 */
#include "core/symbol/demangle.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The demanglers work on the stack, in proportion to the name. */
#define MAX_NAME_LEN ((size_t)8192)

typedef char *(*demangle_fn)(const char *name, char *buffer, size_t *len,
                             int *status);

/* A plugin's C++ runtime may be outside the global scope: it is asked for by
 * name, without loading it. */
static demangle_fn
find_in(const char *soname)
{
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == NULL) {
        return NULL;
    }
    /* The reference is kept: the function must stay as long as we do. */
    return (demangle_fn)(uintptr_t)dlsym(handle, "__cxa_demangle");
}

static demangle_fn
find_demangler(void)
{
    static _Atomic(demangle_fn) known;
    demangle_fn demangle = known;
    if (demangle != NULL) {
        return demangle;
    }
    demangle = (demangle_fn)(uintptr_t)dlsym(RTLD_DEFAULT, "__cxa_demangle");
    if (demangle == NULL) {
        demangle = find_in("libstdc++.so.6");
    }
    if (demangle == NULL) {
        demangle = find_in("libc++abi.so.1");
    }
    known = demangle;
    return demangle;
}

char *
evprof_demangle(const char *name)
{
    if (name[0] != '_' || name[1] != 'Z' ||
        strnlen(name, MAX_NAME_LEN) == MAX_NAME_LEN) {
        return NULL;
    }
    demangle_fn demangle = find_demangler();
    if (demangle == NULL) {
        return NULL;
    }
    int status = 0;
    char *out = demangle(name, NULL, NULL, &status);
    if (status != 0) {
        free(out);
        return NULL;
    }
    return out;
}
