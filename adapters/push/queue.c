/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of entries, each with its bytes or with the number of its file. A file
 * is written beside its name and renamed, so that one that is there is whole.
 */
#include "adapters/push/queue.h"

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
#include "core/base/own_folder.h"

#define SUFFIX ".push"

enum { PARTS_MAX = 256, NAME_MAX_BYTES = 64 };

typedef struct entry {
    struct entry *next;
    uint64_t number; /* of its file */
    size_t len;
    char bytes[]; /* none in a folder */
} entry_t;

struct evprof_queue {
    int folder_fd; /* -1: in memory; holds the lock */
    uint64_t max_bytes;
    uint64_t next_number;
    entry_t *first;
    entry_t *last;
    const entry_t *peeked; /* NULL: it has had to go since */
    evprof_queue_stats_t stats;
};

static void
name_file(uint64_t number, char out[NAME_MAX_BYTES])
{
    (void)snprintf(out, NAME_MAX_BYTES, "%020llu" SUFFIX,
                   (unsigned long long)number);
}

static bool
append(evprof_queue_t *q, uint64_t number, const char *bytes, size_t len)
{
    size_t kept = q->folder_fd < 0 ? len : 0;
    entry_t *entry = malloc(sizeof(*entry) + kept);
    if (entry == NULL) {
        return false;
    }
    entry->next = NULL;
    entry->number = number;
    entry->len = len;
    if (kept > 0) {
        memcpy(entry->bytes, bytes, kept);
    }
    if (q->last != NULL) {
        q->last->next = entry;
    } else {
        q->first = entry;
    }
    q->last = entry;
    q->stats.messages++;
    q->stats.bytes += len;
    return true;
}

static void
remove_first(evprof_queue_t *q)
{
    entry_t *entry = q->first;
    char name[NAME_MAX_BYTES];
    q->first = entry->next;
    if (q->first == NULL) {
        q->last = NULL;
    }
    q->stats.messages--;
    q->stats.bytes -= entry->len;
    if (q->folder_fd >= 0) {
        name_file(entry->number, name);
        (void)unlinkat(q->folder_fd, name, 0);
    }
    if (q->peeked == entry) {
        q->peeked = NULL;
    }
    free(entry);
}

/* ---- The folder ---- */

/* Takes the part's lock; its descriptor, or -1. */
static int
claim_part(int base_fd, int part)
{
    char name[16];
    (void)snprintf(name, sizeof(name), "%d", part);
    if (mkdirat(base_fd, name, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    int fd =
        openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int
claim_folder(evprof_queue_t *q, const char *folder, evprof_error_t *err)
{
    evprof_error_t why;
    int base_fd = evprof_own_folder_open(folder, &why);
    if (base_fd < 0) {
        return evprof_fail(err, EVPROF_EIO, "spool: %s", why.message);
    }
    for (int part = 0; part < PARTS_MAX && q->folder_fd < 0; part++) {
        q->folder_fd = claim_part(base_fd, part);
    }
    close(base_fd);
    return q->folder_fd >= 0
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_EIO,
                             "spool %s: no part of it can be had", folder);
}

static int
compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The numbers of the files there, sorted; how many. */
static size_t
list_files(int folder_fd, uint64_t **out)
{
    size_t count = 0;
    size_t room = 0;
    int fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *file;
    *out = NULL;
    if (dir == NULL && fd >= 0) {
        close(fd);
    }
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

/* What an earlier process has left. */
static void
adopt(evprof_queue_t *q)
{
    uint64_t *numbers = NULL;
    size_t count = list_files(q->folder_fd, &numbers);
    for (size_t i = 0; i < count; i++) {
        char name[NAME_MAX_BYTES];
        struct stat st;
        name_file(numbers[i], name);
        if (fstatat(q->folder_fd, name, &st, 0) == 0) {
            (void)append(q, numbers[i], NULL, (size_t)st.st_size);
            q->next_number = numbers[i] + 1;
        }
    }
    free(numbers);
}

static bool
write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
write_file(const evprof_queue_t *q, uint64_t number,
           const evprof_buf_t *message)
{
    char name[NAME_MAX_BYTES];
    name_file(number, name);
    int fd =
        openat(q->folder_fd, "new",
               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write_all(fd, message->data, message->len);
    if (fd >= 0 && close(fd) != 0) {
        is_written = false;
    }
    if (is_written && renameat(q->folder_fd, "new", q->folder_fd, name) == 0) {
        return true;
    }
    (void)unlinkat(q->folder_fd, "new", 0);
    return false;
}

static bool
read_file(const evprof_queue_t *q, uint64_t number, evprof_buf_t *out)
{
    char name[NAME_MAX_BYTES];
    char piece[16384];
    name_file(number, name);
    int fd = openat(q->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0) {
        n = read(fd, piece, sizeof(piece));
        if (n > 0) {
            evprof_buf_add(out, piece, (size_t)n);
        } else if (n < 0 && errno == EINTR) {
            n = 1;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return n == 0 && !out->failed;
}

/* ---- The queue ---- */

/* The oldest ones go until it is within its bound with `more` bytes. */
static void
make_room(evprof_queue_t *q, size_t more)
{
    while (q->first != NULL && q->stats.bytes + more > q->max_bytes) {
        remove_first(q);
        q->stats.dropped++;
    }
}

evprof_queue_t *
evprof_queue_open(const char *folder, uint64_t max_bytes, evprof_error_t *err)
{
    evprof_queue_t *q = calloc(1, sizeof(*q));
    if (q == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "out of memory");
        return NULL;
    }
    q->folder_fd = -1;
    q->max_bytes = max_bytes;
    if (folder != NULL && claim_folder(q, folder, err) != EVPROF_OK) {
        evprof_queue_close(q);
        return NULL;
    }
    if (folder != NULL) {
        adopt(q);
        make_room(q, 0);
    }
    return q;
}

void
evprof_queue_close(evprof_queue_t *q)
{
    if (q == NULL) {
        return;
    }
    while (q->first != NULL) {
        entry_t *entry = q->first;
        q->first = entry->next;
        free(entry);
    }
    if (q->folder_fd >= 0) {
        close(q->folder_fd);
    }
    free(q);
}

void
evprof_queue_abandon(evprof_queue_t *q)
{
    if (q != NULL && q->folder_fd >= 0) {
        close(q->folder_fd);
    }
}

void
evprof_queue_add(evprof_queue_t *q, const evprof_buf_t *message)
{
    if (message->len > q->max_bytes) {
        q->stats.failed++;
        return;
    }
    make_room(q, message->len);
    uint64_t number = q->next_number++;
    if (q->folder_fd >= 0 && !write_file(q, number, message)) {
        q->stats.failed++;
    } else if (!append(q, number, message->data, message->len)) {
        q->stats.failed++;
    }
}

bool
evprof_queue_peek(evprof_queue_t *q, evprof_buf_t *out)
{
    while (q->first != NULL) {
        evprof_buf_clear(out);
        if (q->folder_fd < 0) {
            evprof_buf_add(out, q->first->bytes, q->first->len);
        }
        if (q->folder_fd < 0 ? !out->failed
                             : read_file(q, q->first->number, out)) {
            q->peeked = q->first;
            return true;
        }
        q->stats.failed++;
        remove_first(q);
    }
    return false;
}

void
evprof_queue_drop(evprof_queue_t *q)
{
    if (q->peeked != NULL && q->peeked == q->first) {
        remove_first(q);
    }
}

evprof_queue_stats_t
evprof_queue_stats(const evprof_queue_t *q)
{
    return q->stats;
}
