/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as Unix has them, looked at as text: profiles name files of other
 * machines, so nothing here asks the file system.
 */
#include "core/base/path.h"

#include <string.h>

/* Drops the last element written since `start`; false when there is none that
 * may go, because it is itself "..". */
static bool
drop_element(evprof_buf_t *out, size_t start)
{
    if (out->len == start) {
        return false;
    }
    size_t at = out->len;
    while (at > start && out->data[at - 1] != '/') {
        at--;
    }
    if (strcmp(out->data + at, "..") == 0) {
        return false;
    }
    out->len = at > start ? at - 1 : start;
    out->data[out->len] = '\0';
    return true;
}

static void
add_element(evprof_buf_t *out, size_t start, const char *name, size_t len)
{
    if (out->len > start) {
        evprof_buf_putc(out, '/');
    }
    evprof_buf_add(out, name, len);
}

void
evprof_path_clean(evprof_buf_t *out, const char *path)
{
    size_t first = out->len;
    bool rooted = path[0] == '/';
    if (!evprof_buf_reserve(out, strlen(path) + 2)) {
        return;
    }
    if (rooted) {
        evprof_buf_putc(out, '/');
    }
    size_t start = out->len;
    for (const char *at = path; *at != '\0';) {
        size_t len = strcspn(at, "/");
        bool is_parent = len == 2 && strncmp(at, "..", 2) == 0;
        bool is_empty = len == 0 || (len == 1 && at[0] == '.');
        if (!is_empty && !(is_parent && (drop_element(out, start) || rooted))) {
            add_element(out, start, at, len);
        }
        at += len;
        at += strspn(at, "/");
    }
    if (out->len == first) {
        evprof_buf_putc(out, '.');
    }
}

void
evprof_path_base(evprof_buf_t *out, const char *path)
{
    size_t end = strlen(path);
    if (end == 0) {
        evprof_buf_putc(out, '.');
        return;
    }
    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    size_t at = end;
    while (at > 0 && path[at - 1] != '/') {
        at--;
    }
    if (at == end) {
        evprof_buf_putc(out, '/');
        return;
    }
    evprof_buf_add(out, path + at, end - at);
}

void
evprof_path_join(evprof_buf_t *out, const char *dir, const char *name)
{
    evprof_buf_t whole = { 0 };
    evprof_buf_printf(&whole, "%s%s%s", dir,
                      dir[0] != '\0' && name[0] != '\0' ? "/" : "", name);
    if (whole.failed) {
        out->failed = true;
    } else if (whole.len > 0) {
        evprof_path_clean(out, whole.data);
    }
    evprof_buf_free(&whole);
}

bool
evprof_path_is_clean(const char *path)
{
    const char *at = path[0] == '/' ? path + 1 : path;
    if (*at == '\0') {
        return path[0] == '/';
    }
    for (;;) {
        size_t len = strcspn(at, "/");
        if (len == 0 ||
            (at[0] == '.' && len <= 2 && (len == 1 || at[1] == '.'))) {
            return false;
        }
        at += len;
        if (*at == '\0') {
            return true;
        }
        at++;
    }
}
