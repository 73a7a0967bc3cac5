/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_DUMP_H
#define EVPROF_SAMPLE_DUMP_H

/*
 * The stacks of all threads of the application, now. A thread that sleeps is
 * walked from outside (sleeper.h); a thread that runs is asked by a timer on
 * its CPU clock (ask.h) and walks its own stack. Where the process may not read
 * what that needs, sleepers have no stack but a reason. The library's own
 * threads are left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/module.h>

#include "core/sample/labelset.h"
#include "core/sample/thread_info.h"

enum evprof_dump_answer {
    EVPROF_DUMP_UNRESPONSIVE, /* no stack: it was asked and did not answer */
    EVPROF_DUMP_FRESH,        /* it was walked, or answered */
    EVPROF_DUMP_KEPT,         /* it has not run since an earlier dump */
    EVPROF_DUMP_UNREADABLE,   /* no stack: `reason` says why */
};

typedef struct evprof_dump_thread {
    pid_t tid;
    enum evprof_dump_answer answer;
    const char *reason; /* UNREADABLE: a part of a sentence, static */
    bool is_refused;    /* UNREADABLE: because the kernel refused the signal */
    evprof_thread_info_t task; /* complete after evprof_dump_describe() */
    evprof_stack_t stack;
    const evprof_label_set_t *labels; /* NULL: none */
    evprof_stack_t creator; /* of its pthread_create; empty: unknown */
    int64_t still_ns;       /* for how long at least it has not run */
} evprof_dump_thread_t;

typedef struct evprof_dump {
    evprof_dump_thread_t *threads; /* by the age of their records */
    size_t count;
    bool is_incomplete;   /* the threads could not be listed by /proc */
    const char *intruder; /* the handler of SIGPROF in place of ours; NULL: ours
                             is in place */
    struct evprof_dump_memory *memory; /* what the stacks live in */
} evprof_dump_t;

/*
 * Takes a dump; may last half a second when threads do not answer. With
 * `asks_sleepers`, sleepers that cannot be walked are asked by a signal. One at
 * a time, others wait. Not in a handler. EVPROF_ENOMEM; EVPROF_EBUSY when
 * somebody else uses the tap.
 */
int evprof_dump_take(evprof_dump_t *out, bool asks_sleepers,
                     evprof_error_t *err);

/* Frees the dump; it is empty afterwards. */
void evprof_dump_free(evprof_dump_t *dump);

/* Reads the names and states of the threads, which cost a file each. */
void evprof_dump_describe(evprof_dump_t *dump);

/* Counts since the process began. */
typedef struct evprof_dump_stats {
    uint64_t dumps;
    uint64_t walked;       /* threads walked from outside */
    uint64_t kept;         /* threads that had not run since the last dump */
    uint64_t asked;        /* running threads asked by a timer */
    uint64_t interrupted;  /* signals sent to sleeping threads */
    uint64_t cut_short;    /* system calls that an ask ended with EINTR */
    uint64_t unreadable;   /* sleeping threads that could not be walked */
    uint64_t unresponsive; /* threads that did not answer */
} evprof_dump_stats_t;

/* Fills in the counts since the process began. MT-Safe. */
void evprof_dump_stats(evprof_dump_stats_t *out);

#endif
