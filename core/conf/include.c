/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern is followed component by component, folder by folder. glob(3) is
 * not used: it collects every match in memory before it returns the first, and
 * a pattern such as / * / * / * (without the spaces) matches a whole disk. Here
 * the number of entries examined is bounded, over all folders.
 */
#include "core/conf/include.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/base/name_list.h"

#define MOST_ENTRIES 10000

typedef struct walk {
    int (*each)(void *ctx, const char *path);
    void *ctx;
    const char **fault;
    size_t entries;
    bool is_pattern; /* a component with wildcards was met */
} walk_t;

static int follow(walk_t *w, const char *base, const char *rest);

static bool
has_wildcard(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr("*?[", text[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* base + "/" + name, where base may be empty, "/" or end in a slash. */
static void
join(evprof_buf_t *out, const char *base, const char *name, size_t len)
{
    evprof_buf_clear(out);
    evprof_buf_puts(out, base);
    if (out->len > 0 && out->data[out->len - 1] != '/') {
        evprof_buf_putc(out, '/');
    }
    evprof_buf_add(out, name, len);
}

static int
collect(walk_t *w, const char *folder, const char *pattern,
        evprof_name_list_t *out)
{
    DIR *dir = opendir(folder[0] == '\0' ? "." : folder);
    int status = EVPROF_OK;
    const struct dirent *entry;
    while (dir != NULL && status == EVPROF_OK &&
           (entry = readdir(dir)) != NULL) {
        if (++w->entries > MOST_ENTRIES) {
            *w->fault = "has a pattern that looks through too many files";
            break;
        }
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0) {
            status = evprof_name_list_add(out, entry->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return status;
}

/* Follows every match of the component [part, part + len), which has
 * wildcards. */
static int
follow_pattern(walk_t *w, const char *base, const char *part, size_t len)
{
    evprof_name_list_t names = { 0 };
    evprof_buf_t path = { 0 };
    w->is_pattern = true;
    char *pattern = strndup(part, len);
    int status =
        pattern == NULL ? EVPROF_ENOMEM : collect(w, base, pattern, &names);
    evprof_name_list_sort(&names);
    for (size_t i = 0; i < names.count && status == EVPROF_OK; i++) {
        if (strcmp(names.items[i], ".") == 0 ||
            strcmp(names.items[i], "..") == 0) {
            continue;
        }
        join(&path, base, names.items[i], strlen(names.items[i]));
        status = path.failed ? EVPROF_ENOMEM : follow(w, path.data, part + len);
    }
    evprof_buf_free(&path);
    free(pattern);
    evprof_name_list_free(&names);
    return status;
}

/* Follows `rest` ("", "/x" or "x/y") from `base`, which is resolved. */
static int
follow(walk_t *w, const char *base, const char *rest)
{
    while (*rest == '/') {
        rest++;
    }
    if (*w->fault != NULL) {
        return EVPROF_OK;
    }
    if (*rest == '\0') {
        return w->is_pattern && access(base, F_OK) != 0 ? EVPROF_OK
                                                        : w->each(w->ctx, base);
    }
    size_t len = strcspn(rest, "/");
    if (has_wildcard(rest, len)) {
        return follow_pattern(w, base, rest, len);
    }
    evprof_buf_t path = { 0 };
    join(&path, base, rest, len);
    int status = path.failed ? EVPROF_ENOMEM : follow(w, path.data, rest + len);
    evprof_buf_free(&path);
    return status;
}

int
evprof_include_each(const char *folder, const char *pattern,
                    int (*each)(void *ctx, const char *path), void *ctx,
                    const char **fault)
{
    walk_t w = { .each = each, .ctx = ctx, .fault = fault };
    *fault = NULL;
    if (pattern[0] == '\0') {
        *fault = "names no file";
        return EVPROF_OK;
    }
    return follow(&w, pattern[0] == '/' ? "/" : folder, pattern);
}
