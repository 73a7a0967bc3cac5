/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_TIMELINE_H
#define EVPROF_TIMELINE_TIMELINE_H

/*
 * An execution trace in memory: its events in the order that their sequence
 * numbers demand. Times are nanoseconds of the trace's own clock and strictly
 * increase. A goroutine is what Go calls so; in traces of ours it is a thread.
 * Goroutines run on Ms.
 *
 * One thread at a time; different timelines are independent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/index.h"
#include "core/base/strings.h"
#include "core/gotrace/gotrace.h"

/* No goroutine, no M. */
#define EVPROF_TIMELINE_NONE UINT64_MAX

/* A state that the file does not tell. */
#define EVPROF_TIMELINE_UNKNOWN 255u

typedef struct evprof_timeline_frame {
    uint64_t pc;
    const char *function; /* "" when unknown */
    const char *file;
    int64_t line;
} evprof_timeline_frame_t;

/* Indices of frames, leaf first, are frame_numbers[first ... first + count]. */
typedef struct evprof_timeline_stack {
    uint32_t first;
    uint32_t count;
} evprof_timeline_stack_t;

enum evprof_timeline_kind {
    EVPROF_TIMELINE_STATE, /* a goroutine's state changes */
    EVPROF_TIMELINE_TASK_BEGIN,
    EVPROF_TIMELINE_TASK_END,
    EVPROF_TIMELINE_REGION_BEGIN,
    EVPROF_TIMELINE_REGION_END,
    EVPROF_TIMELINE_LOG,
    EVPROF_TIMELINE_LABEL,
    EVPROF_TIMELINE_HEAP, /* its size */
    EVPROF_TIMELINE_SAMPLE,
};

typedef struct evprof_timeline_event {
    int64_t ns;
    uint64_t by;      /* the goroutine that ran, or EVPROF_TIMELINE_NONE */
    uint64_t m;       /* what it ran on */
    uint64_t of;      /* STATE: the goroutine concerned; else the task */
    uint64_t value;   /* TASK_BEGIN: its parent; HEAP: bytes */
    const char *text; /* STATE: reason; else a name, key or label; never NULL */
    const char *more; /* LOG: what it says; else "" */
    uint32_t stack;   /* of who ran, 0: none */
    uint32_t own_stack; /* STATE: of the goroutine concerned, 0: none */
    uint8_t kind;
    uint8_t from; /* STATE: enum evprof_go_status, or UNKNOWN */
    uint8_t to;
} evprof_timeline_event_t;

typedef struct evprof_timeline {
    evprof_strings_t strings;
    evprof_timeline_frame_t *frames; /* each once */
    size_t frame_count;
    size_t frame_cap;
    evprof_index_t frame_index;
    evprof_timeline_stack_t *stacks; /* each once; number 0 is empty */
    size_t stack_count;
    size_t stack_cap;
    evprof_index_t stack_index;
    uint32_t *frame_numbers;
    size_t frame_number_count;
    size_t frame_number_cap;
    evprof_timeline_event_t *events;
    size_t event_count;
    size_t event_cap;
    int64_t start_ns; /* of the trace */
    int64_t end_ns;
    size_t generations;
    unsigned version; /* 22 for go 1.22 */
    bool is_cut;      /* it ends within a generation, which is left out */
    bool is_native;   /* goroutines are threads: each runs on its own M */
} evprof_timeline_t;

/* Whether data that begins like this is an execution trace of Go, of any
 * version. */
bool evprof_timeline_may_be(const void *data, size_t len);

/*
 * Reads a trace of go 1.22 or later. The message follows the name of the file.
 * EVPROF_EPARSE: it is no such trace, or contradicts itself; EVPROF_ENOMEM.
 */
int evprof_timeline_read(const void *data, size_t len, evprof_timeline_t **out,
                         evprof_error_t *err);

/* Frees it; NULL is fine. */
void evprof_timeline_free(evprof_timeline_t *t);

/* The number of a stack, made when new; 0: out of memory, or empty. */
uint32_t evprof_timeline_add_stack(evprof_timeline_t *t,
                                   const evprof_timeline_frame_t *frames,
                                   size_t count);

/* Frame `i` of a stack, leaf first. */
const evprof_timeline_frame_t *
evprof_timeline_frame(const evprof_timeline_t *t, uint32_t stack, uint32_t i);

/* The name of the outermost known function of a stack; "" when there is none.
 */
const char *evprof_timeline_root(const evprof_timeline_t *t, uint32_t stack);

#endif
