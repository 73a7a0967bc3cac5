/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_DUMP_H
#define EVPROF_SAMPLE_DUMP_H

/*
 * The stacks of all threads of the application, now. Each thread walks its own
 * stack when a signal asks it to; one that has not moved since it was last
 * asked is not asked again, and one that does not answer in time is said to be
 * unresponsive. The library's own threads are left out.
 */

#include <stddef.h>
#include <stdint.h>

#include <evprof/module.h>

#include "core/sample/labelset.h"
#include "core/sample/task.h"

enum evprof_dump_answer {
    EVPROF_DUMP_UNRESPONSIVE, /* no stack */
    EVPROF_DUMP_FRESH,        /* it was asked and answered */
    EVPROF_DUMP_KEPT,         /* its last stack still stands */
};

typedef struct evprof_dump_thread {
    pid_t tid;
    enum evprof_dump_answer answer;
    evprof_task_info_t task;
    evprof_stack_t stack;
    const evprof_label_set_t *labels; /* NULL: none */
    evprof_stack_t creator; /* of its pthread_create; empty: unknown */
    int64_t still_ns;       /* for how long at least it has not moved */
} evprof_dump_thread_t;

typedef struct evprof_dump {
    evprof_dump_thread_t *threads; /* by the age of their records */
    size_t count;
    struct evprof_dump_memory *memory; /* what the stacks live in */
} evprof_dump_t;

/*
 * Takes a dump; may last half a second when threads do not answer. One at a
 * time, others wait. Not in a handler. EVPROF_ENOMEM, EVPROF_EIO; EVPROF_EBUSY
 * when somebody else uses the tap.
 */
int evprof_dump_take(evprof_dump_t *out, evprof_error_t *err);
void evprof_dump_free(evprof_dump_t *dump);

/* Since the process began. */
typedef struct evprof_dump_stats {
    uint64_t dumps;
    uint64_t asked;        /* signals sent */
    uint64_t interrupted;  /* of them to sleeping threads */
    uint64_t kept;         /* threads not asked because they had not moved */
    uint64_t unresponsive; /* threads that did not answer */
} evprof_dump_stats_t;
void evprof_dump_stats(evprof_dump_stats_t *out);

/* In the child of a fork: no dump is being taken. */
void evprof_dump_fork_child(void);

#endif
