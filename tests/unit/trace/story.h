/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TRACE_STORY_H
#define TESTS_UNIT_TRACE_STORY_H

/*
 * A trace that a test tells event by event, and then reads as the readers of
 * traces do.
 */

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/timeline/timeline.h"
#include "core/trace/order.h"
#include "core/trace/tables.h"

enum { FIRST = 100, SECOND, THIRD, THREADS = 3 };
enum { LOCK = 0x10 };

/* A trace that is being told. */
typedef struct story {
    evprof_trace_order_t order;
    evprof_trace_ring_t *rings; /* of FIRST, SECOND ... */
    evprof_trace_generation_t *generation;
    evprof_timeline_t *read;
    int64_t end_ns;
    uint64_t lost_switches;
    /* Gives the stacks names. */
    int (*name)(evprof_pprof_t *p, evprof_error_t *err);
} story_t;

/* What an event is made of beside its type and time. */
typedef struct told {
    uint64_t args[4];
    size_t arg_count;
    uint64_t pc; /* its stack, 0: none */
    const char *text;
    size_t text_len;
} told_t;

/* Begins one in which nobody is known to have been there. */
story_t story_begin_unseeded(void);

/* Begins one in which all threads are there, and run. */
story_t story_begin(void);

/* Begins one in which the first thread is there. */
story_t story_begin_alone(void);

/* An event of a thread. */
void story_tell_all(story_t *s, pid_t tid, enum evprof_trace_type type,
                    int64_t ns, const told_t *told);

/* A wait, a wake or a return; `error` is the result of a return. */
void story_tell_result(story_t *s, pid_t tid, enum evprof_trace_type type,
                       int64_t ns, uint64_t kind, uint64_t error);

/* The same without an error. */
void story_tell(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
                uint64_t kind);

/* A switch of the thread by the kernel. */
void story_switched(story_t *s, pid_t tid, enum evprof_trace_type type,
                    int64_t ns, enum evprof_trace_out why);

/* Ends a generation at `ns`; the story goes on in another one. */
void story_next_generation(story_t *s, int64_t ns);

/* Ends the story at `ns` and reads it. */
void story_finish(story_t *s, int64_t ns);

/* Frees all of it. */
void story_free(story_t *s);

/* The changes of a thread's state, as "TIME:STATE(by WAKER) ...". What comes
 * after the end has the time of the end: there events only make room for each
 * other. */
void story_check_states(const story_t *s, uint64_t tid, const char *expected);

/* How many log lines there are with that key, and the text of the last. */
size_t story_count_logs(const story_t *s, const char *key, const char **text);

#endif
