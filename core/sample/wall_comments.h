/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_WALL_COMMENTS_H
#define EVPROF_SAMPLE_WALL_COMMENTS_H

/* What happened in a window of wall time and what it lacks, in numbers, and the
 * sentences for it. */

#include <stdbool.h>
#include <stdint.h>

#include <evprof/module.h>

typedef struct evprof_wall_account {
    unsigned rate_hz;
    uint64_t looks;         /* at threads */
    uint64_t still;         /* of these, how many found it where it was */
    uint64_t walked;        /* and asleep elsewhere */
    uint64_t unreadable_ns; /* of sleepers that could not be walked */
    const char *why_unreadable;
    uint64_t refused; /* asks that the kernel refused */
    const char *why_refused;
    uint64_t asked;
    uint64_t unanswered;  /* of these, and of threads that hold SIGPROF back */
    const char *intruder; /* who has SIGPROF in our place; NULL: nobody */
    uint64_t full_ns;     /* time whose stack found no room, of `all_ns` */
    uint64_t all_ns;
    bool is_incomplete; /* the threads cannot be listed by /proc */
} evprof_wall_account_t;

/* Says in the profile what was done and what is missing. EVPROF_ENOMEM. */
int evprof_wall_comment(const evprof_wall_account_t *account,
                        evprof_builder_t *out);

#endif
