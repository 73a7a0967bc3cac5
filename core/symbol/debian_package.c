/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg keeps a list of files for each package. The list may name a file below /
 * that is now below /usr. */
#include "core/symbol/debian_package.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LISTS "/var/lib/dpkg/info/"

static bool
has_line(const char *text, const char *path)
{
    size_t len = strlen(path);
    const char *at = text;
    while ((at = strstr(at, path)) != NULL) {
        if ((at == text || at[-1] == '\n') && at[len] == '\n') {
            return true;
        }
        at += len;
    }
    return false;
}

static bool
lists_file(const char *list, const char *path, evprof_buf_t *scratch)
{
    struct stat st;
    FILE *in = fopen(list, "re");
    evprof_buf_clear(scratch);
    bool is_read = in != NULL && fstat(fileno(in), &st) == 0 &&
                   evprof_buf_reserve(scratch, (size_t)st.st_size + 1);
    if (is_read) {
        size_t n = fread(scratch->data, 1, (size_t)st.st_size, in);
        scratch->data[n] = '\0';
    }
    if (in != NULL) {
        (void)fclose(in);
    }
    bool is_merged = strncmp(path, "/usr/", 5) == 0;
    return is_read && (has_line(scratch->data, path) ||
                       (is_merged && has_line(scratch->data, path + 4)));
}

/* "/var/lib/dpkg/info/libc6:amd64.list" as the package that has the symbols. */
static void
put_debug_name(evprof_buf_t *out, const char *list)
{
    const char *name = list + sizeof(LISTS) - 1;
    int len = (int)strcspn(name, ":");
    const char *end = strstr(name, ".list");
    if (end != NULL && end - name < len) {
        len = (int)(end - name);
    }
    bool is_libc = len == 5 && strncmp(name, "libc6", 5) == 0;
    evprof_buf_printf(out, is_libc ? "%.*s-dbg" : "%.*s-dbgsym", len, name);
}

bool
evprof_debug_package(const char *path, evprof_buf_t *out)
{
    glob_t lists = { 0 };
    evprof_buf_t scratch = { 0 };
    bool is_found = false;
    char *real = realpath(path, NULL);
    if (real != NULL && glob(LISTS "*.list", 0, NULL, &lists) == 0) {
        for (size_t i = 0; i < lists.gl_pathc && !is_found; i++) {
            is_found = lists_file(lists.gl_pathv[i], real, &scratch);
            if (is_found) {
                put_debug_name(out, lists.gl_pathv[i]);
            }
        }
    }
    globfree(&lists);
    evprof_buf_free(&scratch);
    free(real);
    return is_found;
}
