/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether /proc is that of our own pid namespace is told by the calling
 * thread's own status: NSpid has one number there, or ours as the last of
 * several. In the second case the pairs of numbers are kept in a table that
 * each listing makes anew.
 */
#include "core/sample/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/grow.h"
#include "core/base/lock.h"
#include "core/base/own_descriptor.h"
#include "core/base/parse.h"
#include "core/base/read_file.h"
#include "core/base/self.h"
#include "core/sample/fork.h"

#define TASKS EVPROF_SELF_TASKS

enum { PATH_SIZE = 64, STATUS_MAX = 4096 };

/* A thread whose number in /proc is not its kernel id. */
typedef struct pair {
    pid_t tid;
    pid_t number;
} pair_t;

static struct {
    evprof_lock_t lock; /* guards all */
    bool is_known;
    bool is_foreign;
    unsigned holders;
    evprof_own_descriptor_t directory; /* while there are holders */
    pair_t *pairs;
    size_t count;
    size_t cap;
} names;

/* ---- Lists ---- */

bool
evprof_tids_add(evprof_tids_t *tids, pid_t tid)
{
    pid_t *items =
        evprof_grow(tids->items, &tids->cap, tids->count + 1, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    tids->items = items;
    tids->items[tids->count++] = tid;
    return true;
}

static int
compare_tids(const void *a, const void *b)
{
    const pid_t left = *(const pid_t *)a;
    const pid_t right = *(const pid_t *)b;
    return (left > right) - (left < right);
}

void
evprof_tids_sort(evprof_tids_t *tids)
{
    if (tids->count > 0) {
        qsort(tids->items, tids->count, sizeof(*tids->items), compare_tids);
    }
}

bool
evprof_tids_has(const evprof_tids_t *tids, pid_t tid)
{
    return tids->count > 0 && bsearch(&tid, tids->items, tids->count,
                                      sizeof(tid), compare_tids) != NULL;
}

void
evprof_tids_free(evprof_tids_t *tids)
{
    free(tids->items);
    *tids = (evprof_tids_t){ 0 };
}

/* ---- Files ---- */

/* A file of a thread; one that ends meanwhile is as good as gone. */
static ssize_t
read_at(int directory, const char *path, char *out, size_t size)
{
    ssize_t len = evprof_read_start(directory, path, out, size);
    return len == -ESRCH ? -ENOENT : len;
}

static ssize_t
read_path(const char *path, char *out, size_t size)
{
    return read_at(AT_FDCWD, path, out, size);
}

/* The last number of the line NSpid: the kernel id in the thread's own
 * namespace. `*levels` says how many there are; 0: no such line. */
static pid_t
innermost(const char *status, size_t *levels)
{
    const char *line = strstr(status, "\nNSpid:");
    pid_t out = 0;
    *levels = 0;
    if (line != NULL) {
        char *at = (char *)(uintptr_t)(line + strlen("\nNSpid:"));
        while (*at == '\t' || *at == ' ') {
            out = (pid_t)strtol(at, &at, 10);
            ++*levels;
        }
    }
    return out;
}

/* The caller holds the lock. */
static void
find_out(void)
{
    char status[STATUS_MAX];
    size_t levels;
    if (!names.is_known &&
        read_path(EVPROF_SELF("status"), status, sizeof(status)) > 0) {
        (void)innermost(status, &levels);
        names.is_foreign = levels > 1;
        names.is_known = true;
    }
}

/* The thread's number in /proc; 0: it has none. The caller holds the lock. */
static pid_t
number_of(pid_t tid)
{
    pid_t out = 0;
    find_out();
    if (!names.is_foreign) {
        out = tid;
    }
    for (size_t i = 0; out == 0 && i < names.count; i++) {
        out = names.pairs[i].tid == tid ? names.pairs[i].number : 0;
    }
    return out;
}

ssize_t
evprof_proc_read(pid_t tid, const char *name, char *out, size_t size)
{
    char path[PATH_SIZE];
    evprof_lock_enter(&names.lock);
    pid_t number = number_of(tid);
    int directory = names.holders > 0 ? names.directory.fd : -1;
    evprof_lock_leave(&names.lock);
    out[0] = '\0';
    if (number == 0) {
        return -ENOENT;
    }
    (void)snprintf(path, sizeof(path), "%s%d/%s",
                   directory < 0 ? TASKS "/" : "", (int)number, name);
    return read_at(directory < 0 ? AT_FDCWD : directory, path, out, size);
}

void
evprof_proc_hold(void)
{
    int saved = errno;
    evprof_lock_enter(&names.lock);
    if (names.holders++ == 0) {
        names.directory = evprof_own_descriptor(
            open(TASKS, O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    evprof_lock_leave(&names.lock);
    errno = saved;
}

void
evprof_proc_let_go(void)
{
    int saved = errno;
    evprof_lock_enter(&names.lock);
    if (--names.holders == 0) {
        evprof_own_descriptor_close(&names.directory);
    }
    evprof_lock_leave(&names.lock);
    errno = saved;
}

size_t
evprof_proc_links(void)
{
    struct stat info;
    int saved = errno;
    bool is_there = stat(TASKS, &info) == 0;
    errno = saved;
    return is_there ? (size_t)info.st_nlink : 0;
}

const char evprof_proc_missing_text[] = "there is no /proc of this process";

bool
evprof_proc_is_missing(void)
{
    char status[STATUS_MAX];
    return read_path(EVPROF_SELF("status"), status, sizeof(status)) <= 0;
}

/* ---- Listing ---- */

/* The kernel id of the thread that has `number` in a foreign /proc; 0: gone. */
static pid_t
translate(pid_t number)
{
    char path[PATH_SIZE];
    char status[STATUS_MAX];
    size_t levels;
    (void)snprintf(path, sizeof(path), TASKS "/%d/status", (int)number);
    pid_t tid = read_path(path, status, sizeof(status)) > 0
                    ? innermost(status, &levels)
                    : 0;
    pair_t *pairs =
        evprof_grow(names.pairs, &names.cap, names.count + 1, sizeof(*pairs));
    if (tid != 0 && pairs != NULL) {
        names.pairs = pairs;
        pairs[names.count++] = (pair_t){ tid, number };
    }
    return tid;
}

static int
list_locked(DIR *directory, evprof_tids_t *out)
{
    const struct dirent *entry;
    names.count = 0;
    while ((entry = readdir(directory)) != NULL) {
        int64_t number;
        if (!evprof_parse_int64(entry->d_name, &number)) {
            continue;
        }
        pid_t tid = names.is_foreign ? translate((pid_t)number) : (pid_t)number;
        if (tid != 0 && !evprof_tids_add(out, tid)) {
            return EVPROF_ENOMEM;
        }
    }
    return EVPROF_OK;
}

int
evprof_proc_list(evprof_tids_t *out)
{
    int saved = errno;
    DIR *directory = opendir(TASKS);
    if (directory == NULL) {
        errno = saved;
        return EVPROF_EIO;
    }
    evprof_lock_enter(&names.lock);
    find_out();
    int status = list_locked(directory, out);
    evprof_lock_leave(&names.lock);
    closedir(directory);
    evprof_tids_sort(out);
    errno = saved;
    return status;
}

static void
fork_child(void)
{
    evprof_lock_reset(&names.lock);
    /* The parent's thread may have been changing these: not freed. */
    names.pairs = NULL;
    names.count = 0;
    names.cap = 0;
    names.is_known = false;
    if (names.holders > 0) {
        evprof_own_descriptor_close(&names.directory); /* shows the parent */
    }
    names.holders = 0;
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_USERS };
    evprof_sample_on_fork(&hook);
}
