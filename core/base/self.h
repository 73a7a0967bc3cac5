/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_SELF_H
#define EVPROF_BASE_SELF_H

/*
 * Where /proc shows the process that runs this: the one place that says so.
 * /proc/self belongs to the first thread; when main() was left by
 * pthread_exit() it has no memory, no files and no program any more, but the
 * calling thread's own folder has.
 */

#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { EVPROF_SELF_SIZE = 64 };

/* Writes the path of the process's file of that name to `out`, which has room
 * for EVPROF_SELF_SIZE bytes, and returns it. MT-Safe, keeps errno; not in
 * handlers. */
const char *evprof_self_path(char *out, const char *name);

/* The path of such a file until the end of the enclosing block. */
#define EVPROF_SELF(name) evprof_self_path((char[EVPROF_SELF_SIZE]){ "" }, name)

/*
 * Writes the path of an open file of the calling thread, and returns it:
 * threads may have tables of descriptors of their own. As above.
 */
const char *evprof_self_descriptor(char *out, int fd);

/* What stands in the folder of the process alone. Its list of threads and its
 * age outlive the first thread. */
#define EVPROF_SELF_TASKS "/proc/self/task"
#define EVPROF_SELF_STAT "/proc/self/stat"
#define EVPROF_SELF_MAP_FILES "/proc/self/map_files/"

/* The same for calls that take a process: a number of it that has its memory.
 */
static inline pid_t
evprof_self_pid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* Whether the process has a living thread of that kernel id; another process
 * may have one of that id by now. Keeps errno. */
bool evprof_self_has_thread(pid_t tid);

/* Whether a seccomp filter is in force. One that kills cannot be tried out, so
 * that calls which filters often leave out are not made then unless somebody
 * asks for them. */
bool evprof_self_has_seccomp(void);

#endif
