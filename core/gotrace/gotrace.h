/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_GOTRACE_GOTRACE_H
#define EVPROF_GOTRACE_GOTRACE_H

/*
 * The bytes of Go's execution trace, format 1.23, which every reader since then
 * takes: a header, then batches of events, each of one thread ("M") and one
 * generation, and batches of tables. The numbers are those of the package
 * internal/trace of Go; numbers in batches are unsigned LEB128.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

/* The first 16 bytes of a file. */
#define EVPROF_GO_TRACE_HEADER "go 1.23 trace\0\0\0"
#define EVPROF_GO_TRACE_HEADER_LEN ((size_t)16)

/* "No thread": the tables' batches, and goroutines that run nowhere. */
#define EVPROF_GO_NO_THREAD UINT64_MAX

/* Most bytes of a batch's payload. */
#define EVPROF_GO_BATCH_MAX ((size_t)65536)

/* Timed events of a thread's batches, with their arguments. */
enum evprof_go_event {
    EVPROF_GO_PROCS_CHANGE = 9,         /* count, stack */
    EVPROF_GO_PROC_START = 10,          /* p, sequence */
    EVPROF_GO_PROC_STOP = 11,           /* */
    EVPROF_GO_PROC_STEAL = 12,          /* p, sequence, m */
    EVPROF_GO_PROC_STATUS = 13,         /* p, status */
    EVPROF_GO_CREATE = 14,              /* new g, its start stack, stack */
    EVPROF_GO_CREATE_SYSCALL = 15,      /* new g */
    EVPROF_GO_START = 16,               /* g, sequence */
    EVPROF_GO_DESTROY = 17,             /* */
    EVPROF_GO_DESTROY_SYSCALL = 18,     /* */
    EVPROF_GO_STOP = 19,                /* reason, stack */
    EVPROF_GO_BLOCK = 20,               /* reason, stack */
    EVPROF_GO_UNBLOCK = 21,             /* g, sequence, stack */
    EVPROF_GO_SYSCALL_BEGIN = 22,       /* sequence of p, stack */
    EVPROF_GO_SYSCALL_END = 23,         /* */
    EVPROF_GO_SYSCALL_END_BLOCKED = 24, /* */
    EVPROF_GO_STATUS = 25,              /* g, m, status */
    EVPROF_GO_STW_BEGIN = 26,           /* kind, stack */
    EVPROF_GO_STW_END = 27,             /* */
    EVPROF_GO_GC_ACTIVE = 28,           /* sequence */
    EVPROF_GO_GC_BEGIN = 29,            /* sequence, stack */
    EVPROF_GO_GC_END = 30,              /* sequence */
    EVPROF_GO_SWEEP_ACTIVE = 31,        /* p */
    EVPROF_GO_SWEEP_BEGIN = 32,         /* stack */
    EVPROF_GO_SWEEP_END = 33,           /* swept, reclaimed */
    EVPROF_GO_ASSIST_ACTIVE = 34,       /* g */
    EVPROF_GO_ASSIST_BEGIN = 35,        /* stack */
    EVPROF_GO_ASSIST_END = 36,          /* */
    EVPROF_GO_HEAP_ALLOC = 37,          /* bytes */
    EVPROF_GO_HEAP_GOAL = 38,           /* bytes */
    EVPROF_GO_LABEL = 39,               /* string */
    EVPROF_GO_TASK_BEGIN = 40,          /* task, parent, name, stack */
    EVPROF_GO_TASK_END = 41,            /* task, stack */
    EVPROF_GO_REGION_BEGIN = 42,        /* task, name, stack */
    EVPROF_GO_REGION_END = 43,          /* task, name, stack */
    EVPROF_GO_LOG = 44,                 /* task, key, value, stack */
    EVPROF_GO_SWITCH = 45,              /* g, sequence */
    EVPROF_GO_SWITCH_DESTROY = 46,      /* g, sequence */
    EVPROF_GO_CREATE_BLOCKED = 47,      /* new g, its start stack, stack */
    EVPROF_GO_STATUS_STACK = 48,        /* g, m, status, stack */
    EVPROF_GO_EVENTS
};

enum evprof_go_proc_status {
    EVPROF_GO_PROC_RUNNING = 1,
    EVPROF_GO_PROC_IDLE = 2,
    EVPROF_GO_PROC_SYSCALL = 3,
    EVPROF_GO_PROC_ABANDONED = 4, /* in a system call of an unknown thread */
};

enum evprof_go_status {
    EVPROF_GO_GONE = 0, /* not made yet, or ended; never in a file */
    EVPROF_GO_RUNNABLE = 1,
    EVPROF_GO_RUNNING = 2,
    EVPROF_GO_SYSCALL = 3,
    EVPROF_GO_WAITING = 4,
};

/* The first byte of a batch. */
enum evprof_go_batch {
    EVPROF_GO_BATCH = 1,               /* generation, m, time, length */
    EVPROF_GO_EXPERIMENTAL_BATCH = 49, /* experiment (a byte), then the same */
    EVPROF_GO_END_OF_GENERATION = 52,  /* nothing; since 1.26 */
};

/* The first byte of a payload that is no thread's events. */
enum evprof_go_table {
    EVPROF_GO_STACKS =
        2, /* entries: 3, id, frames, (pc, function, file, line)* */
    EVPROF_GO_STRINGS = 4,   /* entries: 5, id, length, bytes */
    EVPROF_GO_SAMPLES = 6,   /* entries: 7, time, m, p, g, stack */
    EVPROF_GO_FREQUENCY = 8, /* ticks a second; one a generation */
    EVPROF_GO_SYNC = 50,     /* since 1.25: a frequency and a clock in it */
    EVPROF_GO_CLOCK = 51,    /* entry: delta, monotonic, seconds, ns */
};

/* Most frames of a stack, and most bytes of a string. */
#define EVPROF_GO_FRAMES_MAX 128u
#define EVPROF_GO_STRING_MAX ((size_t)1024)

/* Appends an unsigned number, seven bits a byte, the lowest first. */
void evprof_go_put(evprof_buf_t *out, uint64_t number);

/* Appends a batch: its head, then the payload. */
void evprof_go_put_batch(evprof_buf_t *out, uint64_t generation,
                         uint64_t thread, uint64_t time,
                         const evprof_buf_t *payload);

#endif
