/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and reading source files. A profile names files as the compiler saw
 * them; trimming makes a name relative, and a relative name is looked for in
 * each search directory and in all its parents.
 */
#include "core/report/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/path.h"

/* Larger files are no source, and are not read. */
#define MAX_FILE_BYTES ((size_t)256 << 20)

typedef struct file {
    struct file *next;
    const char *name;
    const char *problem; /* NULL: it was read */
    char **lines;
    size_t count;
} file_t;

struct evprof_sources {
    evprof_arena_t arena;
    const char *search_path;
    const char *trim_path;
    file_t *files;
    bool (*fetch)(const void *ctx, const char *file, evprof_buf_t *path);
    const void *fetch_ctx;
};

/* The next element of a colon-separated list, copied to `out`; false at the
 * end. An empty list has no elements, unlike one of a colon. */
static bool
next_element(const char **at, evprof_buf_t *out)
{
    if (*at == NULL || **at == '\0') {
        *at = NULL;
        return false;
    }
    size_t len = strcspn(*at, ":");
    evprof_buf_clear(out);
    evprof_buf_add(out, *at, len);
    *at = (*at)[len] == ':' ? *at + len + 1 : NULL;
    return !out->failed;
}

/* The length up to a directory of the same name as one that is searched. */
static size_t
guess_trim(const char *name, const char *search_path)
{
    evprof_buf_t dir = { 0 };
    evprof_buf_t want = { 0 };
    size_t skip = 0;
    for (const char *at = search_path; skip == 0 && next_element(&at, &dir);) {
        evprof_buf_clear(&want);
        evprof_buf_putc(&want, '/');
        evprof_path_base(&want, dir.data);
        evprof_buf_putc(&want, '/');
        const char *found = want.failed ? NULL : strstr(name, want.data);
        if (found != NULL) {
            skip = (size_t)(found - name) + want.len;
        }
    }
    evprof_buf_free(&dir);
    evprof_buf_free(&want);
    return skip;
}

static size_t
prefix_length(const char *name, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(name, prefix, len) != 0) {
        return 0;
    }
    if (len > 0 && prefix[len - 1] == '/') {
        return len;
    }
    return name[len] == '/' ? len + 1 : 0;
}

size_t
evprof_source_trim(const char *name, const char *trim_path,
                   const char *search_path)
{
    /* Build systems that run in a sandbox leave these. */
    static const char *const always[] = { "/proc/self/cwd/./",
                                          "/proc/self/cwd/" };
    if (trim_path[0] == '\0' && search_path[0] != '\0') {
        size_t skip = guess_trim(name, search_path);
        if (skip > 0) {
            return skip;
        }
    }
    size_t skip = 0;
    evprof_buf_t prefix = { 0 };
    for (const char *at = trim_path; skip == 0 && next_element(&at, &prefix);) {
        skip = prefix_length(name, prefix.data);
    }
    evprof_buf_free(&prefix);
    for (size_t i = 0; skip == 0 && i < sizeof(always) / sizeof(always[0]);
         i++) {
        skip = prefix_length(name, always[i]);
    }
    return skip;
}

int
evprof_sources_new(const char *search_path, const char *trim_path,
                   evprof_sources_t **out, evprof_error_t *err)
{
    evprof_sources_t *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "source: out of memory");
    }
    char *here = NULL;
    if (search_path[0] == '\0') {
        here = getcwd(NULL, 0);
        if (here == NULL) {
            free(s);
            return evprof_fail(err, EVPROF_EIO,
                               "the current folder cannot be found: %s",
                               strerror(errno));
        }
        search_path = here;
    }
    s->search_path =
        evprof_arena_strndup(&s->arena, search_path, strlen(search_path));
    s->trim_path =
        evprof_arena_strndup(&s->arena, trim_path, strlen(trim_path));
    free(here);
    if (s->search_path == NULL || s->trim_path == NULL) {
        evprof_sources_free(s);
        return evprof_fail(err, EVPROF_ENOMEM, "source: out of memory");
    }
    *out = s;
    return EVPROF_OK;
}

void
evprof_sources_set_fetch(evprof_sources_t *s,
                         bool (*fetch)(const void *ctx, const char *file,
                                       evprof_buf_t *path),
                         const void *ctx)
{
    s->fetch = fetch;
    s->fetch_ctx = ctx;
}

void
evprof_sources_free(evprof_sources_t *s)
{
    if (s != NULL) {
        evprof_arena_free(&s->arena);
        free(s);
    }
}

static void
set_problem(evprof_sources_t *s, file_t *file, const char *format,
            const char *one, const char *two)
{
    evprof_buf_t text = { 0 };
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '1' || *at == '2') {
            evprof_buf_puts(&text, *at == '1' ? one : two);
        } else {
            evprof_buf_putc(&text, *at);
        }
    }
    file->problem = text.failed
                        ? NULL
                        : evprof_arena_strndup(&s->arena, text.data, text.len);
    if (file->problem == NULL) {
        file->problem = "out of memory";
    }
    evprof_buf_free(&text);
}

/* Makes a clean path that of its parent, which is "." for a single name; false
 * when there is none. */
static bool
go_up(evprof_buf_t *path)
{
    if (path->failed || strcmp(path->data, "/") == 0 ||
        strcmp(path->data, ".") == 0) {
        return false;
    }
    const char *slash = strrchr(path->data, '/');
    if (slash == NULL) {
        evprof_buf_clear(path);
        evprof_buf_putc(path, '.');
        return true;
    }
    path->len = slash == path->data ? 1 : (size_t)(slash - path->data);
    path->data[path->len] = '\0';
    return true;
}

/* Opens a regular file. The name comes from a profile, so anything else is
 * neither opened nor waited for: -1 with errno. */
static int
open_plain(const char *name)
{
    struct stat info;
    if (stat(name, &info) != 0) {
        return -1;
    }
    if (!S_ISREG(info.st_mode)) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    return open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Opens `name` in `dir` or any directory above it; -1: in none. */
static int
open_upwards(const char *dir, const char *name)
{
    evprof_buf_t at = { 0 };
    evprof_buf_t path = { 0 };
    int fd = -1;
    evprof_path_clean(&at, dir);
    while (fd < 0 && !at.failed && !path.failed) {
        evprof_buf_clear(&path);
        evprof_path_join(&path, at.data, name);
        fd = path.failed ? -1 : open_plain(path.data);
        if (!go_up(&at)) {
            break;
        }
    }
    evprof_buf_free(&at);
    evprof_buf_free(&path);
    return fd;
}

static int
open_source(evprof_sources_t *s, file_t *file)
{
    const char *name = file->name + evprof_source_trim(file->name, s->trim_path,
                                                       s->search_path);
    if (name[0] == '/') {
        int fd = open_plain(name);
        if (fd < 0) {
            char reason[EVPROF_ERRNO_TEXT_SIZE];
            set_problem(s, file, "1: 2", name,
                        evprof_errno_text(errno, reason, sizeof(reason)));
        }
        return fd;
    }
    evprof_buf_t dir = { 0 };
    int fd = -1;
    for (const char *at = s->search_path; fd < 0 && next_element(&at, &dir);) {
        fd = open_upwards(dir.data, name);
    }
    evprof_buf_free(&dir);
    if (fd < 0) {
        set_problem(s, file,
                    "there is no file 1 in the folders 2, nor above them", name,
                    s->search_path);
    }
    return fd;
}

/* The whole file in the arena, NUL-terminated; NULL: see errno. */
static char *
read_all(evprof_sources_t *s, int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || (size_t)info.st_size > MAX_FILE_BYTES) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : EFBIG;
        return NULL;
    }
    size_t size = (size_t)info.st_size;
    char *text = evprof_arena_alloc(&s->arena, size + 1);
    size_t len = 0;
    while (text != NULL && len < size) {
        ssize_t n = read(fd, text + len, size - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return NULL;
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
    }
    if (text != NULL) {
        text[len] = '\0';
    }
    return text;
}

/* Splits the text into lines in place; a carriage return before the newline
 * goes too. */
static bool
split_lines(evprof_sources_t *s, file_t *file, char *text)
{
    size_t count = 1;
    for (const char *at = text; *at != '\0'; at++) {
        count += *at == '\n';
    }
    file->lines = evprof_arena_calloc(&s->arena, count, sizeof(char *));
    if (file->lines == NULL) {
        return false;
    }
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        bool is_last = text[len] == '\0';
        text[len] = '\0';
        if (len > 0 && text[len - 1] == '\r') {
            text[len - 1] = '\0';
        }
        file->lines[file->count++] = text;
        text += is_last ? len : len + 1;
    }
    return true;
}

/* The file from elsewhere, by its whole name; -1: it is not to be had. */
static int
fetch_source(evprof_sources_t *s, file_t *file)
{
    evprof_buf_t path = { 0 };
    int fd = -1;
    if (s->fetch != NULL && s->fetch(s->fetch_ctx, file->name, &path)) {
        fd = open_plain(path.data);
        file->problem = fd < 0 ? file->problem : NULL;
    }
    evprof_buf_free(&path);
    return fd;
}

static void
load(evprof_sources_t *s, file_t *file)
{
    int fd = open_source(s, file);
    if (fd < 0) {
        fd = fetch_source(s, file);
    }
    if (fd < 0) {
        return;
    }
    char *text = read_all(s, fd);
    if (text == NULL || !split_lines(s, file, text)) {
        set_problem(s, file, "read 1: 2", file->name, strerror(errno));
    }
    close(fd);
}

static file_t *
find(evprof_sources_t *s, const char *name)
{
    for (file_t *f = s->files; f != NULL; f = f->next) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    file_t *file = evprof_arena_calloc(&s->arena, 1, sizeof(*file));
    if (file == NULL) {
        return NULL;
    }
    file->name = evprof_arena_strndup(&s->arena, name, strlen(name));
    if (file->name == NULL) {
        return NULL;
    }
    file->next = s->files;
    s->files = file;
    load(s, file);
    return file;
}

const char *
evprof_sources_line(evprof_sources_t *s, const char *file, int64_t number)
{
    file_t *f = find(s, file);
    if (f == NULL || number < 1 || (uint64_t)number > f->count) {
        return NULL;
    }
    return f->lines[number - 1];
}

const char *
evprof_sources_problem(evprof_sources_t *s, const char *file)
{
    file_t *f = find(s, file);
    return f == NULL ? "out of memory" : f->problem;
}
