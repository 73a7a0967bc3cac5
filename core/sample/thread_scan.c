/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that no wrapper of ours has started: those made before the library
 * was loaded, by clone(), or by an object that binds pthread_create elsewhere.
 * They are found in /proc/self/task. Nobody tells us when they end, so each
 * scan also compares start times: a kernel id may have gone to another thread
 * since.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/parse.h"
#include "core/sample/threads.h"

#define TASK_DIRECTORY "/proc/self/task"

/* Field 22 of /proc/PID/task/TID/stat, counted from the state, which is 3. */
enum { START_TIME_FIELD = 22 - 3 };

typedef struct tid_list {
    pid_t *tids;
    size_t count;
    size_t room;
} tid_list_t;

static bool
add_tid(tid_list_t *list, pid_t tid)
{
    if (list->count == list->room) {
        const size_t room = list->room ? 2 * list->room : 64;
        pid_t *tids = realloc(list->tids, room * sizeof(*tids));
        if (!tids) {
            return false;
        }
        list->tids = tids;
        list->room = room;
    }
    list->tids[list->count++] = tid;
    return true;
}

static int
compare_tids(const void *a, const void *b)
{
    const pid_t left = *(const pid_t *)a;
    const pid_t right = *(const pid_t *)b;
    return (left > right) - (left < right);
}

static bool
has_tid(const tid_list_t *list, pid_t tid)
{
    return list->count > 0 && bsearch(&tid, list->tids, list->count,
                                      sizeof(tid), compare_tids) != NULL;
}

static void
sort_tids(tid_list_t *list)
{
    if (list->count > 0) {
        qsort(list->tids, list->count, sizeof(*list->tids), compare_tids);
    }
}

static int
list_tasks(tid_list_t *out)
{
    DIR *directory = opendir(TASK_DIRECTORY);
    if (!directory) {
        return EVPROF_EIO;
    }
    int status = EVPROF_OK;
    const struct dirent *entry;
    while (status == EVPROF_OK && (entry = readdir(directory))) {
        int64_t tid;
        if (evprof_parse_int64(entry->d_name, &tid) &&
            !add_tid(out, (pid_t)tid)) {
            status = EVPROF_ENOMEM;
        }
    }
    closedir(directory);
    sort_tids(out);
    return status;
}

static int
list_known(tid_list_t *out)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        const evprof_thread_t *thread = evprof_thread_at(i);
        const pid_t tid = atomic_load(&thread->tid);
        if (tid != 0 && atomic_load(&thread->state) != EVPROF_THREAD_FREE &&
            !add_tid(out, tid)) {
            return EVPROF_ENOMEM;
        }
    }
    sort_tids(out);
    return EVPROF_OK;
}

/* When the kernel started the thread, in its ticks; 0: it is gone. */
static uint64_t
start_time(pid_t tid)
{
    char path[64];
    char text[1024];
    (void)snprintf(path, sizeof(path), TASK_DIRECTORY "/%d/stat", (int)tid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    const ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    /* The name in parentheses may hold anything but ends at the last one. */
    char *field = strrchr(text, ')');
    char *rest = NULL;
    field = field ? strtok_r(field + 1, " ", &rest) : NULL;
    for (int i = 0; field && i < START_TIME_FIELD; i++) {
        field = strtok_r(NULL, " ", &rest);
    }
    uint64_t ticks = 0;
    return field && evprof_parse_uint64(field, &ticks) ? ticks : 0;
}

/* Frees the records of FOUND threads that ended, whoever has their id now. */
static void
drop_ended(const tid_list_t *tasks)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        const evprof_thread_t *thread = evprof_thread_at(i);
        const pid_t tid = atomic_load(&thread->tid);
        /* The main thread's id is the process's own. */
        if (atomic_load(&thread->state) == EVPROF_THREAD_FOUND &&
            tid != getpid() &&
            (!has_tid(tasks, tid) || start_time(tid) != thread->start_time)) {
            evprof_thread_drop_found(tid);
        }
    }
}

static int
add_unknown(const tid_list_t *tasks)
{
    tid_list_t known = { 0 };
    int status = list_known(&known);
    for (size_t i = 0; i < tasks->count && status == EVPROF_OK; i++) {
        const pid_t tid = tasks->tids[i];
        if (!has_tid(&known, tid)) {
            const uint64_t started = start_time(tid);
            status = started == 0 ? EVPROF_OK
                                  : evprof_thread_add_found(tid, started);
        }
    }
    free(known.tids);
    return status;
}

int
evprof_thread_scan(void)
{
    tid_list_t tasks = { 0 };
    int status = list_tasks(&tasks);
    if (status == EVPROF_OK) {
        drop_ended(&tasks);
        status = add_unknown(&tasks);
    }
    free(tasks.tids);
    return status;
}

bool
evprof_thread_scan_is_due(void)
{
    /* A directory's links are its own two names and one a subdirectory. */
    struct stat info;
    return stat(TASK_DIRECTORY, &info) == 0 &&
           info.st_nlink != (nlink_t)evprof_thread_count() + 2;
}

long
evprof_thread_count_application(void)
{
    long count = 0;
    (void)evprof_thread_scan();
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        count += evprof_thread_is_application(evprof_thread_at(i));
    }
    return count;
}
