/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored file is a line with its origin, then the bytes of symbol_wire.h. It
 * is written under another name and renamed, so that a reader sees all of it or
 * none. A file that another user owns or may write is not read.
 */
#include "core/symbol/name_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/base/folder.h"
#include "core/base/grow.h"
#include "core/symbol/symbol_wire.h"

#define MAX_FILE_BYTES ((off_t)64 << 20)

static void
put_head(evprof_buf_t *out, const char *origin)
{
    evprof_buf_printf(out, "evprof names %u %s\n", EVPROF_WIRE_VERSION, origin);
}

bool
evprof_build_id_is_plain(const char *build_id)
{
    size_t len = strlen(build_id);
    return len >= 8 && len <= 128 &&
           strspn(build_id, "0123456789abcdef") == len;
}

/* Opens the folder; -1: it does not exist, or others may write to it. */
static int
open_folder(const char *folder)
{
    struct stat st;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
                    (st.st_mode & 077) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* ---- Loading ---- */

static bool
read_file(int folder, const char *name, evprof_buf_t *out)
{
    struct stat st;
    int fd =
        openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is_read = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                   st.st_uid == geteuid() && (st.st_mode & 077) == 0 &&
                   st.st_size > 0 && st.st_size <= MAX_FILE_BYTES &&
                   evprof_buf_reserve(out, (size_t)st.st_size);
    while (is_read && out->len < (size_t)st.st_size) {
        ssize_t n =
            read(fd, out->data + out->len, (size_t)st.st_size - out->len);
        is_read = n > 0;
        out->len += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_read;
}

int
evprof_name_store_load(const char *folder, const char *build_id,
                       const char *origin, evprof_symbol_file_t *file)
{
    evprof_buf_t bytes = { 0 };
    evprof_buf_t head = { 0 };
    int status = EVPROF_OK;
    int fd = evprof_build_id_is_plain(build_id) ? open_folder(folder) : -1;
    put_head(&head, origin);
    if (fd >= 0 && !head.failed && read_file(fd, build_id, &bytes) &&
        bytes.len > head.len && memcmp(bytes.data, head.data, head.len) == 0) {
        status = evprof_symbol_decode(file, bytes.data + head.len,
                                      bytes.len - head.len);
    }
    if (fd >= 0) {
        close(fd);
    }
    evprof_buf_free(&bytes);
    evprof_buf_free(&head);
    return status == EVPROF_ENOMEM ? status : EVPROF_OK;
}

/* ---- The bound ---- */

typedef struct entry {
    char *name;
    uint64_t bytes;
    struct timespec time;
} entry_t;

static int
oldest_first(const void *left, const void *right)
{
    const struct timespec *a = &((const entry_t *)left)->time;
    const struct timespec *b = &((const entry_t *)right)->time;
    if (a->tv_sec != b->tv_sec) {
        return a->tv_sec < b->tv_sec ? -1 : 1;
    }
    return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static entry_t *
list_folder(int folder, size_t *count, uint64_t *total)
{
    entry_t *entries = NULL;
    size_t cap = 0;
    DIR *dir = evprof_folder_list(folder);
    *count = 0;
    *total = 0;
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (e->d_name[0] == '.' ||
            fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        entry_t *grown = evprof_grow(entries, &cap, *count + 1, sizeof(*grown));
        if (grown == NULL) {
            break;
        }
        entries = grown;
        entries[(*count)++] = (entry_t){ .name = strdup(e->d_name),
                                         .bytes = (uint64_t)st.st_size,
                                         .time = st.st_mtim };
        *total += (uint64_t)st.st_size;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return entries;
}

static void
keep_bound(int folder)
{
    size_t count;
    uint64_t total;
    entry_t *entries = list_folder(folder, &count, &total);
    if (count > 0) {
        qsort(entries, count, sizeof(*entries), oldest_first);
    }
    for (size_t i = 0; i < count; i++) {
        if (total > EVPROF_NAME_STORE_BYTES && entries[i].name != NULL &&
            unlinkat(folder, entries[i].name, 0) == 0) {
            total -= entries[i].bytes;
        }
        free(entries[i].name);
    }
    free(entries);
}

/* ---- Saving ---- */

static bool
write_file(int folder, const char *name, const evprof_buf_t *bytes)
{
    int fd = openat(folder, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    evprof_writer_t out = evprof_writer_fd(fd);
    bool is_written = evprof_buf_write(bytes, &out) == EVPROF_OK;
    return close(fd) == 0 && is_written;
}

static void
encode(const evprof_symbol_file_t *file, evprof_buf_t *out)
{
    size_t count = evprof_symbol_file_count(file);
    uint64_t *vaddrs = calloc(count + 1, sizeof(*vaddrs));
    for (size_t i = 0; vaddrs != NULL && i < count; i++) {
        vaddrs[i] = evprof_symbol_file_at(file, i)->vaddr;
    }
    out->failed = out->failed || vaddrs == NULL;
    if (vaddrs != NULL) {
        evprof_symbol_encode(file, vaddrs, count, out);
    }
    free(vaddrs);
}

void
evprof_name_store_save(const char *folder, const char *build_id,
                       const char *origin, const evprof_symbol_file_t *file)
{
    evprof_buf_t bytes = { 0 };
    evprof_buf_t name = { 0 };
    if (!evprof_build_id_is_plain(build_id)) {
        return;
    }
    evprof_buf_printf(&name, "%s/x", folder);
    if (!name.failed) {
        (void)evprof_folder_make_parent(name.data, 0700);
    }
    int fd = open_folder(folder);
    put_head(&bytes, origin);
    encode(file, &bytes);
    evprof_buf_clear(&name);
    evprof_buf_printf(&name, ".%s.%ld", build_id, (long)getpid());
    if (fd >= 0 && !bytes.failed && !name.failed &&
        bytes.len <= (size_t)MAX_FILE_BYTES) {
        if (!write_file(fd, name.data, &bytes) ||
            renameat(fd, name.data, fd, build_id) != 0) {
            (void)unlinkat(fd, name.data, 0);
        }
        keep_bound(fd);
    }
    if (fd >= 0) {
        close(fd);
    }
    evprof_buf_free(&bytes);
    evprof_buf_free(&name);
}
