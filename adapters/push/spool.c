/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is written under another name and then renamed, so that files are
 * always complete. Parts come and go while other processes look for theirs: a
 * process that has locked a part checks that it still exists.
 */
#include "adapters/push/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/folder.h"
#include "core/base/own_folder.h"
#include "core/base/read_file.h"

#define SUFFIX ".push"
#define ASIDE "set-aside"

enum { PARTS_MAX = 256, NAME_MAX_BYTES = 64 };

struct evprof_spool {
    int base_fd;
    int part_fd; /* holds the lock */
    int part;
};

static void
name_file(uint64_t number, char out[NAME_MAX_BYTES])
{
    (void)snprintf(out, NAME_MAX_BYTES, "%020llu" SUFFIX,
                   (unsigned long long)number);
}

static void
name_part(int part, char out[NAME_MAX_BYTES])
{
    (void)snprintf(out, NAME_MAX_BYTES, "%d", part);
}

/* ---- Parts ---- */

/* Locks a part that exists and belongs to no process. Returns its descriptor,
 * or -1. */
static int
lock_part(int base_fd, int part)
{
    char name[NAME_MAX_BYTES];
    struct stat st;
    name_part(part, name);
    int fd =
        openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    /* The process that removes a part holds its lock, so the part may be gone
     * now. */
    if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0 ||
                    st.st_nlink == 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool
claim_part(evprof_spool_t *s, int part)
{
    char name[NAME_MAX_BYTES];
    name_part(part, name);
    if (mkdirat(s->base_fd, name, 0700) != 0 && errno != EEXIST) {
        return false;
    }
    s->part_fd = lock_part(s->base_fd, part);
    s->part = part;
    return s->part_fd >= 0;
}

/* Removes a part that is empty, under its lock. */
static void
remove_part(const evprof_spool_t *s, int part)
{
    char name[NAME_MAX_BYTES];
    name_part(part, name);
    (void)unlinkat(s->base_fd, name, AT_REMOVEDIR);
}

evprof_spool_t *
evprof_spool_open(const char *folder, evprof_error_t *err)
{
    evprof_error_t why;
    evprof_spool_t *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "out of memory");
        return NULL;
    }
    s->part_fd = -1;
    s->base_fd = evprof_own_folder_open(folder, &why);
    if (s->base_fd < 0) {
        evprof_fail(err, EVPROF_EIO, "spool: %s", why.message);
        free(s);
        return NULL;
    }
    int part = 0;
    while (part < PARTS_MAX && !claim_part(s, part)) {
        part++;
    }
    if (part == PARTS_MAX) {
        evprof_fail(err, EVPROF_EIO, "spool %s: no part of it can be had",
                    folder);
        close(s->base_fd);
        free(s);
        return NULL;
    }
    return s;
}

void
evprof_spool_abandon(evprof_spool_t *s)
{
    close(s->part_fd);
    close(s->base_fd);
    free(s);
}

void
evprof_spool_close(evprof_spool_t *s)
{
    if (s != NULL) {
        remove_part(s, s->part);
        evprof_spool_abandon(s);
    }
}

size_t
evprof_spool_parts(const evprof_spool_t *s)
{
    size_t count = 0;
    const struct dirent *file;
    DIR *dir = evprof_folder_list(s->base_fd);
    while (dir != NULL && (file = readdir(dir)) != NULL) {
        const char *name = file->d_name;
        count += name[strspn(name, "0123456789")] == '\0';
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count > 0 ? count : 1;
}

/* ---- Files ---- */

bool
evprof_spool_write(const evprof_spool_t *s, uint64_t number,
                   const evprof_buf_t *message)
{
    char name[NAME_MAX_BYTES];
    name_file(number, name);
    int fd =
        openat(s->part_fd, "new",
               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    evprof_writer_t out = evprof_writer_fd(fd);
    bool is_written = fd >= 0 && evprof_buf_write(message, &out) == EVPROF_OK;
    if (fd >= 0 && close(fd) != 0) {
        is_written = false;
    }
    if (is_written && renameat(s->part_fd, "new", s->part_fd, name) == 0) {
        return true;
    }
    (void)unlinkat(s->part_fd, "new", 0);
    return false;
}

bool
evprof_spool_read(const evprof_spool_t *s, uint64_t number, evprof_buf_t *out)
{
    char name[NAME_MAX_BYTES];
    name_file(number, name);
    int fd = openat(s->part_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool is_read = fd >= 0 && evprof_read_fd(fd, SIZE_MAX, out) == EVPROF_OK;
    if (fd >= 0) {
        close(fd);
    }
    return is_read;
}

void
evprof_spool_remove(const evprof_spool_t *s, uint64_t number)
{
    char name[NAME_MAX_BYTES];
    name_file(number, name);
    (void)unlinkat(s->part_fd, name, 0);
}

void
evprof_spool_set_aside(const evprof_spool_t *s, uint64_t number)
{
    char name[NAME_MAX_BYTES];
    name_file(number, name);
    (void)renameat(s->part_fd, name, s->part_fd, ASIDE);
}

static int
compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Fills in the numbers of the files, sorted, and returns how many they are. */
static size_t
list_files(int folder_fd, uint64_t **out)
{
    size_t count = 0;
    size_t room = 0;
    const struct dirent *file;
    DIR *dir = evprof_folder_list(folder_fd);
    *out = NULL;
    while (dir != NULL && (file = readdir(dir)) != NULL) {
        char *end = NULL;
        uint64_t number = strtoull(file->d_name, &end, 10);
        if (end == file->d_name || strcmp(end, SUFFIX) != 0) {
            continue;
        }
        if (count == room) {
            room = room == 0 ? 64 : 2 * room;
            uint64_t *more = realloc(*out, room * sizeof(*more));
            if (more == NULL) {
                break;
            }
            *out = more;
        }
        (*out)[count++] = number;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    if (count > 0) {
        qsort(*out, count, sizeof(**out), compare_numbers);
    }
    return count;
}

void
evprof_spool_each(const evprof_spool_t *s, evprof_spool_visit_fn visit,
                  void *ctx)
{
    uint64_t *numbers = NULL;
    size_t count = list_files(s->part_fd, &numbers);
    bool goes_on = true;
    for (size_t i = 0; i < count && goes_on; i++) {
        char name[NAME_MAX_BYTES];
        struct stat st;
        name_file(numbers[i], name);
        if (fstatat(s->part_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            goes_on = visit(ctx, numbers[i], (size_t)st.st_size);
        }
    }
    free(numbers);
}

/* ---- What the dead have left ---- */

typedef struct moving {
    const evprof_spool_t *to;
    uint64_t number;    /* of the next */
    uint64_t max_bytes; /* that may come */
    uint64_t left;      /* of them */
    uint64_t lost;      /* messages */
    evprof_spool_visit_fn visit;
    void *ctx;
} moving_t;

/* Moves a message, or removes it where it is larger than all that may come, and
 * would hold those behind it for ever. False: it stays. */
static bool
move_one(moving_t *m, int from_fd, uint64_t number)
{
    char old[NAME_MAX_BYTES];
    char new[NAME_MAX_BYTES];
    struct stat st;
    name_file(number, old);
    name_file(m->number, new);
    if (fstatat(from_fd, old, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    uint64_t size = (uint64_t)st.st_size;
    if (size > m->max_bytes && unlinkat(from_fd, old, 0) == 0) {
        m->lost++;
        return true;
    }
    if (size > m->left || renameat(from_fd, old, m->to->part_fd, new) != 0) {
        return false;
    }
    m->left -= size;
    (void)m->visit(m->ctx, m->number++, (size_t)size);
    return true;
}

/* Moves as many messages as fit. False: some are left. */
static bool
move_all(moving_t *m, int from_fd)
{
    uint64_t *numbers = NULL;
    size_t count = list_files(from_fd, &numbers);
    size_t i = 0;
    while (i < count && move_one(m, from_fd, numbers[i])) {
        i++;
    }
    free(numbers);
    return i == count;
}

uint64_t
evprof_spool_take_over(const evprof_spool_t *s, uint64_t number,
                       uint64_t max_bytes, evprof_spool_visit_fn visit,
                       void *ctx)
{
    moving_t m = { .to = s,
                   .number = number,
                   .max_bytes = max_bytes,
                   .left = max_bytes,
                   .visit = visit,
                   .ctx = ctx };
    for (int part = 0; part < PARTS_MAX; part++) {
        int fd = part != s->part ? lock_part(s->base_fd, part) : -1;
        if (fd >= 0 && move_all(&m, fd)) {
            (void)unlinkat(fd, "new", 0);
            (void)renameat(fd, ASIDE, s->part_fd, ASIDE);
            remove_part(s, part);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    return m.lost;
}
