/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared objects are looked for beside the program that runs, and not where the
 * build meant to install them, so that a prefix can be moved.
 */
#include "adapters/cli/library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/path.h"

/* The folder of this program, without a slash at the end. */
static bool
find_own_folder(evprof_buf_t *out)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    if (len > 1 && len < (ssize_t)sizeof(path)) {
        evprof_buf_add(out, path, (size_t)len - 1);
    }
    return out->len > 0 && !out->failed;
}

void *
cli_open_library(const char *name, int dlopen_flags)
{
    /* In a build folder no library lies in a folder of its own. */
    const char *const places[][2] = {
        { "/../" EVPROF_LIBDIR "/", name },
        { "/../lib/", evprof_path_leaf(name) },
    };
    evprof_buf_t path = { 0 };
    void *library = NULL;
    if (find_own_folder(&path)) {
        size_t folder = path.len;
        for (size_t i = 0; i < 2 && library == NULL && !path.failed; i++) {
            path.len = folder;
            evprof_buf_puts(&path, places[i][0]);
            evprof_buf_puts(&path, places[i][1]);
            library = dlopen(path.data, dlopen_flags);
        }
    }
    evprof_buf_free(&path);
    return library;
}
