/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_THREAD_INFO_H
#define EVPROF_SAMPLE_THREAD_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* The state of a thread of this process, from /proc/self/task. */
typedef struct evprof_thread_info {
    char name[32];
    char state;              /* as in proc(5): R S D T t Z X I */
    bool holds_sigprof_back; /* SIGPROF is blocked in it */
    uint64_t switches;       /* voluntary ones: how often it went to sleep */
    uint64_t preemptions;    /* involuntary ones */
    long call;               /* number of the system call it is in, or: */
    uintptr_t sp;            /* in user mode, 0 unless it sleeps */
    uintptr_t pc;
} evprof_thread_info_t;

enum {
    EVPROF_THREAD_NO_CALL = -1,      /* it sleeps outside of a call */
    EVPROF_THREAD_UNKNOWN_CALL = -2, /* not told */
    EVPROF_THREAD_RUNS = -3,         /* or is about to */
};

/*
 * Reads where the thread sleeps into `call`, `sp` and `pc`, nothing else.
 * EVPROF_ENOENT: there is no such thread any more; EVPROF_EPERM: the process
 * may not know (it changed its user, its program has capabilities or cannot be
 * read); EVPROF_ENOTSUP: this kernel does not tell.
 */
int evprof_thread_read_call(pid_t tid, evprof_thread_info_t *out);

/* How often the thread was given a CPU; negative when it has ended or the
 * kernel does not count. */
int64_t evprof_thread_runs(pid_t tid);

/* Reads all but `call`, `sp` and `pc`, which stay unknown. EVPROF_ENOENT: there
 * is no such thread any more. */
int evprof_thread_read_status(pid_t tid, evprof_thread_info_t *out);

/* The clock of a thread's CPU time; glibc makes none for other threads. */
clockid_t evprof_thread_clock(pid_t tid);

/* The thread's CPU time by one system call; negative when it has ended. */
int64_t evprof_thread_cpu_ns(pid_t tid);

/* The kernel function that it waits in, "" when it does not or the kernel
 * does not tell; returns `out`. */
const char *evprof_thread_wchan(pid_t tid, char *out, size_t size);

/* The name of a system call that may wait, or NULL. */
const char *evprof_syscall_name(long number);

#endif
