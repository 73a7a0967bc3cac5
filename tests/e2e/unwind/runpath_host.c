/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that finds its plugin by a RUNPATH of its own, linked with libevprof:
 * the search belongs to whoever calls dlopen, so dlopen must not be wrapped.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <evprof/evprof.h>

int
main(void)
{
    evprof_error_t err;
    evprof_t *prof = evprof_new(NULL, &err);
    void *handle = dlopen("librunpath_plugin.so", RTLD_NOW);
    Dl_info owner;
    void *opener = dlsym(RTLD_DEFAULT, "dlopen");
    if (prof == NULL || handle == NULL) {
        (void)fprintf(stderr, "%s\n", prof == NULL ? err.message : dlerror());
        return 1;
    }
    if (dladdr(opener, &owner) == 0 ||
        strstr(owner.dli_fname, "/libc.so") == NULL) {
        (void)fprintf(stderr, "dlopen is not libc's\n");
        return 1;
    }
    evprof_free(prof);
    return dlsym(handle, "plugin_work") == NULL;
}
