/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_GOTRACE_H
#define EVPROF_TRACE_GOTRACE_H

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

enum evprof_go_event {
    EVPROF_GO_PROC_START = 10,   /* p, sequence */
    EVPROF_GO_PROC_STOP = 11,    /* */
    EVPROF_GO_PROC_STATUS = 13,  /* p, status */
    EVPROF_GO_CREATE = 14,       /* new g, its start stack, stack */
    EVPROF_GO_START = 16,        /* g, sequence */
    EVPROF_GO_DESTROY = 17,      /* */
    EVPROF_GO_BLOCK = 20,        /* reason, stack */
    EVPROF_GO_UNBLOCK = 21,      /* g, sequence, stack */
    EVPROF_GO_HEAP_ALLOC = 37,   /* bytes */
    EVPROF_GO_TASK_BEGIN = 40,   /* task, parent, name, stack */
    EVPROF_GO_TASK_END = 41,     /* task, stack */
    EVPROF_GO_REGION_BEGIN = 42, /* task, name, stack */
    EVPROF_GO_REGION_END = 43,   /* task, name, stack */
    EVPROF_GO_LOG = 44,          /* task, key, value, stack */
    EVPROF_GO_STATUS_STACK = 48, /* g, m, status, stack */
};

enum evprof_go_proc_status { EVPROF_GO_PROC_RUNNING = 1, EVPROF_GO_PROC_IDLE };

enum evprof_go_status {
    EVPROF_GO_RUNNABLE = 1,
    EVPROF_GO_RUNNING = 2,
    EVPROF_GO_WAITING = 4,
};

enum evprof_go_table {
    EVPROF_GO_STACKS =
        2, /* entries: 3, id, frames, (pc, function, file, line)* */
    EVPROF_GO_STRINGS = 4,   /* entries: 5, id, length, bytes */
    EVPROF_GO_SAMPLES = 6,   /* entries: 7, time, m, p, g, stack */
    EVPROF_GO_FREQUENCY = 8, /* ticks a second; one a generation */
};

/* Appends an unsigned number, seven bits a byte, the lowest first. */
void evprof_go_put(evprof_buf_t *out, uint64_t number);

/* Appends a batch: its head, then the payload. */
void evprof_go_put_batch(evprof_buf_t *out, uint64_t generation,
                         uint64_t thread, uint64_t time,
                         const evprof_buf_t *payload);

#endif
