/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_EVENT_H
#define EVPROF_TRACE_EVENT_H

/*
 * The events that threads write. They say what happened in a thread's own
 * terms; what it means for Go's goroutines is decided later, when the events of
 * all threads lie side by side (order.c).
 */

#include <stdint.h>

/* Arguments in parentheses, then text in quotes; an epoch is that of
 * core/objects/epoch.h when the routine was called. */
enum evprof_trace_type {
    EVPROF_TRACE_START,        /* (start routine, epoch) */
    EVPROF_TRACE_END,          /* (pthread_t) */
    EVPROF_TRACE_CREATE,       /* (record, its generation, routine, epoch),
                                * stack */
    EVPROF_TRACE_WAIT,         /* (kind, object), stack */
    EVPROF_TRACE_RETURN,       /* (kind, object, error) */
    EVPROF_TRACE_WAKE,         /* (kind, object), stack */
    EVPROF_TRACE_WAKE_ALL,     /* (kind, object), stack; a broadcast */
    EVPROF_TRACE_TASK_BEGIN,   /* (task, parent), stack, "name" */
    EVPROF_TRACE_TASK_END,     /* (task), stack */
    EVPROF_TRACE_REGION_BEGIN, /* (task), stack, "name" */
    EVPROF_TRACE_REGION_END,   /* stack; the innermost that is open */
    EVPROF_TRACE_LOG,          /* (task), stack, "key" "value" */
    EVPROF_TRACE_HEAP,         /* (bytes) */
    /* Events of the kernel, which no thread writes. */
    EVPROF_TRACE_OUT, /* (enum evprof_trace_out) */
    EVPROF_TRACE_IN,  /* () */
};

/* Why a thread left its processor. */
enum evprof_trace_out {
    EVPROF_TRACE_SLEPT,     /* by itself, to wait */
    EVPROF_TRACE_PREEMPTED, /* it could have gone on */
};

/* The longest name or text that Go's reader takes, in bytes. */
#define EVPROF_TRACE_TEXT_MAX ((size_t)1024)

/* Open regions of a thread. */
#define EVPROF_TRACE_REGIONS_MAX 32u

/* A thread's own count of its open regions; their names are in the events. */
typedef struct evprof_trace_regions {
    uint32_t session; /* of the trace they belong to */
    uint32_t count;
} evprof_trace_regions_t;

#endif
