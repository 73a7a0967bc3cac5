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
#include <stdlib.h>
#include <string.h>

#include "core/base/plain_name.h"

/* The demanglers work on the stack, in proportion to the name. */
#define MAX_NAME_LEN ((size_t)8192)

typedef char *(*demangle_fn)(const char *name, char *buffer, size_t *len,
                             int *status);

/* ISO C has no cast from what dlsym() gives to a function. */
static demangle_fn
find_in(void *handle)
{
    demangle_fn demangle = NULL;
    void *symbol = dlsym(handle, "__cxa_demangle");
    memcpy(&demangle, &symbol, sizeof(demangle));
    return demangle;
}

/* A plugin's C++ runtime may be outside the global scope: it is asked for by
 * name, without loading it. */
static demangle_fn
find_in_library(const char *soname)
{
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);
    /* The reference is kept: the function must stay as long as we do. */
    return handle == NULL ? NULL : find_in(handle);
}

static demangle_fn
find_demangler(void)
{
    static _Atomic(demangle_fn) known;
    demangle_fn demangle = known;
    if (demangle != NULL) {
        return demangle;
    }
    demangle = find_in(RTLD_DEFAULT);
    if (demangle == NULL) {
        demangle = find_in_library("libstdc++.so.6");
    }
    if (demangle == NULL) {
        demangle = find_in_library("libc++abi.so.1");
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
    char *full = demangle(name, NULL, NULL, NULL);
    evprof_buf_t plain = { 0 };
    if (full != NULL) {
        evprof_plain_name(&plain, full,
                          EVPROF_NAME_DROP_PARAMS | EVPROF_NAME_DROP_TEMPLATES |
                              EVPROF_NAME_DROP_LAMBDA_PARAMS);
    }
    free(full);
    if (plain.failed) {
        evprof_buf_free(&plain);
    }
    return plain.data;
}
