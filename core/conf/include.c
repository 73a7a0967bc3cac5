/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern is followed one component at a time, folder by folder, and not by
 * glob(3): that one collects every match in memory before it gives the first,
 * and a pattern such as / * / * / * (without the spaces) matches a whole disk.
 * Here the entries that may be looked at are counted, over all folders.
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

#define MOST_ENTRIES 10000

typedef struct walk {
    int (*each)(void *ctx, const char *path);
    void *ctx;
    const char **fault;
    size_t entries;
    bool is_pattern; /* a component with wildcards has been met */
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
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct names {
    char **list;
    size_t count;
} names_t;

static void
names_free(names_t *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i]);
    }
    free(names->list);
}

static int
names_add(names_t *names, const char *name)
{
    char **grown = realloc(names->list, (names->count + 1) * sizeof(*grown));
    char *copy = strdup(name);
    if (grown == NULL || copy == NULL) {
        names->list = grown == NULL ? names->list : grown;
        free(copy);
        return EVPROF_ENOMEM;
    }
    grown[names->count] = copy;
    names->list = grown;
    names->count++;
    return EVPROF_OK;
}

static int
collect(walk_t *w, const char *folder, const char *pattern, names_t *out)
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
            status = names_add(out, entry->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return status;
}

/* The component [part, part + len) has wildcards: every match is followed. */
static int
follow_pattern(walk_t *w, const char *base, const char *part, size_t len)
{
    names_t names = { 0 };
    evprof_buf_t path = { 0 };
    w->is_pattern = true;
    char *pattern = strndup(part, len);
    int status =
        pattern == NULL ? EVPROF_ENOMEM : collect(w, base, pattern, &names);
    if (names.count > 0) {
        qsort(names.list, names.count, sizeof(*names.list), compare_names);
    }
    for (size_t i = 0; i < names.count && status == EVPROF_OK; i++) {
        if (strcmp(names.list[i], ".") == 0 ||
            strcmp(names.list[i], "..") == 0) {
            continue;
        }
        join(&path, base, names.list[i], strlen(names.list[i]));
        status = path.failed ? EVPROF_ENOMEM : follow(w, path.data, part + len);
    }
    evprof_buf_free(&path);
    free(pattern);
    names_free(&names);
    return status;
}

/* `base` is resolved, `rest` is what follows: "", "/x" or "x/y". */
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
