/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To be preloaded: appends a line to the file LARGE_LOG for each piece of 128
 * KiB and more that a library of ours has from malloc, with the places that
 * asked for it. From that size on glibc maps memory, and raises the size for
 * the whole program when the piece is freed.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/export.h>

#define LARGE ((size_t)128 << 10)

enum { DEPTH = 12 };

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void *realloc_fn(void *, size_t);

extern malloc_fn __libc_malloc;   // NOLINT(*-reserved-identifier)
extern calloc_fn __libc_calloc;   // NOLINT(*-reserved-identifier)
extern realloc_fn __libc_realloc; // NOLINT(*-reserved-identifier)

static _Thread_local bool is_noting;

/* The file is there once the library is loaded. */
__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("LARGE_LOG");
    int fd = path == NULL ? -1 : open(path, O_CREAT | O_WRONLY, 0600);
    if (fd >= 0) {
        close(fd);
    }
}

static void
write_line(const char *line, size_t len)
{
    const char *path = getenv("LARGE_LOG");
    int fd =
        path == NULL ? -1 : open(path, O_CREAT | O_APPEND | O_WRONLY, 0600);
    if (fd >= 0) {
        (void)!write(fd, line, len);
        close(fd);
    }
}

/* A piece is ours when the first caller outside of this file and of libc is. */
static bool
is_ours(const char *file)
{
    return strstr(file, "libevprof") != NULL;
}

static void
note(size_t size)
{
    if (size < LARGE || is_noting) {
        return;
    }
    is_noting = true;
    void *places[DEPTH];
    char line[1024];
    bool is_known = false;
    bool ours = false;
    int count = backtrace(places, DEPTH);
    size_t len = (size_t)snprintf(line, sizeof(line), "%zu bytes:", size);
    for (int i = 2; i < count && len < sizeof(line) - 300; i++) {
        Dl_info at;
        if (dladdr(places[i], &at) == 0) {
            continue;
        }
        const char *leaf = strrchr(at.dli_fname, '/');
        leaf = leaf == NULL ? at.dli_fname : leaf + 1;
        if (!is_known && strncmp(leaf, "libc.", 5) != 0) {
            is_known = true;
            ours = is_ours(leaf);
        }
        len += (size_t)snprintf(line + len, 200, " %.60s+0x%tx", leaf,
                                (char *)places[i] - (char *)at.dli_fbase);
    }
    line[len++] = '\n';
    if (ours) {
        write_line(line, len);
    }
    is_noting = false;
}

EVPROF_API void *
malloc(size_t size)
{
    note(size);
    return __libc_malloc(size);
}

EVPROF_API void *
calloc(size_t count, size_t size)
{
    note(size == 0 || count < SIZE_MAX / size ? count * size : 0);
    return __libc_calloc(count, size);
}

EVPROF_API void *
realloc(void *piece, size_t size)
{
    note(size);
    return __libc_realloc(piece, size);
}
