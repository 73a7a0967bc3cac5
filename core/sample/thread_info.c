/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file takes 6 to 14 us, most of it the kernel's lookup of the path,
 * so each fact is read from one file only. Names may hold any byte but a
 * newline, which /proc writes as an escape.
 */
#include "core/sample/thread_info.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/sample/proc.h"

/* /proc/TID/status is about 1.4 KB; the two lines of switches come last. */
enum { FILE_MAX = 4096, CALL_MAX = 256 };

/* The text after `key` at the beginning of a line, or "". */
static const char *
field(const char *status, const char *key)
{
    size_t len = strlen(key);
    const char *line = status;
    while (line != NULL && strncmp(line, key, len) != 0) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return line == NULL ? "" : line + len + strspn(line + len, "\t ");
}

static void
read_status(const char *status, evprof_thread_info_t *out)
{
    const char *name = field(status, "Name:");
    (void)snprintf(out->name, sizeof(out->name), "%.*s",
                   (int)strcspn(name, "\n"), name);
    out->state = field(status, "State:")[0];
    uint64_t blocked = strtoull(field(status, "SigBlk:"), NULL, 16);
    out->holds_sigprof_back = (blocked >> (SIGPROF - 1) & 1) != 0;
    out->switches =
        strtoull(field(status, "voluntary_ctxt_switches:"), NULL, 10);
    out->preemptions =
        strtoull(field(status, "nonvoluntary_ctxt_switches:"), NULL, 10);
}

/* "running", or the number, six arguments, stack pointer and pc; the number is
 * -1 and the arguments are left out when it sleeps outside of a call. */
static void
read_call(const char *text, evprof_thread_info_t *out)
{
    char *next;
    enum { ARGUMENTS = 6 };
    out->call = strtol(text, &next, 10);
    if (next == text) {
        out->call = EVPROF_THREAD_RUNS;
        return;
    }
    for (int i = 0; out->call >= 0 && i < ARGUMENTS; i++) {
        (void)strtoull(next, &next, 16);
    }
    out->call = out->call < 0 ? EVPROF_THREAD_NO_CALL : out->call;
    out->sp = (uintptr_t)strtoull(next, &next, 16);
    out->pc = (uintptr_t)strtoull(next, &next, 16);
}

int
evprof_thread_read_status(pid_t tid, evprof_thread_info_t *out)
{
    char text[FILE_MAX];
    *out = (evprof_thread_info_t){ .call = EVPROF_THREAD_UNKNOWN_CALL };
    if (evprof_proc_read(tid, "status", text, sizeof(text)) <= 0) {
        return EVPROF_ENOENT;
    }
    read_status(text, out);
    return EVPROF_OK;
}

int
evprof_thread_read_call(pid_t tid, evprof_thread_info_t *out)
{
    char text[CALL_MAX];
    ssize_t len = evprof_proc_read(tid, "syscall", text, sizeof(text));
    out->call = EVPROF_THREAD_UNKNOWN_CALL;
    out->sp = 0;
    out->pc = 0;
    if (len == -EACCES || len == -EPERM) {
        return EVPROF_EPERM;
    }
    if (len <= 0) {
        /* Some kernels have the other files but not this one. */
        return evprof_proc_read(tid, "stat", text, sizeof(text)) > 0
                   ? EVPROF_ENOTSUP
                   : EVPROF_ENOENT;
    }
    read_call(text, out);
    return EVPROF_OK;
}

int64_t
evprof_thread_runs(pid_t tid)
{
    char text[CALL_MAX];
    if (evprof_proc_read(tid, "schedstat", text, sizeof(text)) <= 0) {
        return -1;
    }
    const char *last = strrchr(text, ' ');
    int64_t runs = last == NULL ? 0 : strtoll(last + 1, NULL, 10);
    return runs > 0 ? runs : -1;
}

/* The kernel's encoding: bits 2 for "of a thread" and 0-1 for "scheduled time",
 * CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED of linux/posix-timers_types.h. */
clockid_t
evprof_thread_clock(pid_t tid)
{
    return (clockid_t)(~(unsigned)tid << 3 | 6u);
}

int64_t
evprof_thread_cpu_ns(pid_t tid)
{
    struct timespec time;
    int saved = errno;
    long failed = syscall(SYS_clock_gettime, evprof_thread_clock(tid), &time);
    errno = saved;
    return failed ? -1 : (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

const char *
evprof_thread_wchan(pid_t tid, char *out, size_t size)
{
    /* A kernel that does not tell writes 0. */
    if (evprof_proc_read(tid, "wchan", out, size) <= 0 ||
        strcmp(out, "0") == 0) {
        out[0] = '\0';
    }
    return out;
}
