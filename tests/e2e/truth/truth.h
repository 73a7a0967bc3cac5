/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTS_TRUTH_H
#define EVPROF_TESTS_TRUTH_H

/*
 * A case is a cause of losses, brought about in a process of its own: what is
 * done before a profile is taken, while it is taken, and after. Steps that are
 * NULL are left out.
 */

#include <stdbool.h>

#include <evprof/evprof.h>

#include "core/sample/sampling.h"

enum { TRUTH_SKIP = 77 };

typedef struct truth_case {
    const char *name; /* the key of the row in the table of losses */
    void (*before)(const char *profile);
    void (*during)(const char *profile);
    void (*after)(const char *profile);
    /* The sampler is asked with these and not by the configuration. */
    evprof_sampling_options_t options;
    bool is_direct;
    const char *names_of; /* the profile that `symbols` is asked of */
    double seconds;       /* of a difference that is asked for; 0: a snapshot */
} truth_case_t;

extern const truth_case_t truth_cases[];

/* ---- Work (work.c) ---- */

/* Uses so much CPU time in the calling thread. */
void truth_burn(double seconds);

/* Calls `leaf(arg)` from `depth` nested calls, each depth another stack. */
void truth_nest(int depth, void (*leaf)(void *arg), void *arg);

/* Starts threads that burn until truth_stop(), each from a depth of its own;
 * with `holds_back`, with SIGPROF blocked. Returns when all of them run. */
void truth_start_burners(int count, bool holds_back);

/* Starts threads that sleep; returns when all of them do. */
void truth_start_sleepers(int count);
void truth_stop(void);

/* Has a thread wait for this one's mutex, `rounds` times. */
void truth_contend(int rounds);

/* Allocates `count` blocks of a mebibyte from that many stacks, and keeps them.
 */
void truth_allocate(int count);

/* System calls of that number fail in all threads with `error` from now on. */
void truth_refuse(long call, int error);

/* Takes /proc away from the process, or ends it with TRUTH_SKIP. */
void truth_lose_proc(void);

#endif
