/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/open_beside.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* An address in the file that holds this code, for dladdr(). */
static const char own_place;

void *
evprof_open_beside(const char *name)
{
    static const char *const places[] = { "evprof/", "", "../lib/evprof/",
                                          "../lib/" };
    Dl_info own;
    if (dladdr(&own_place, &own) == 0 || own.dli_fname == NULL) {
        return NULL;
    }
    const char *slash = strrchr(own.dli_fname, '/');
    int folder = slash != NULL ? (int)(slash + 1 - own.dli_fname) : 0;
    void *library = NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char path[4096];
        int len = snprintf(path, sizeof(path), "%.*s%s%s", folder,
                           own.dli_fname, places[i], name);
        if (library == NULL && len > 0 && (size_t)len < sizeof(path)) {
            library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        }
    }
    return library;
}
