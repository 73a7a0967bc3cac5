/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_GATHER_MERGE_H
#define EVPROF_GATHER_MERGE_H

#include <stddef.h>
#include <sys/types.h>

#include <evprof/status.h>

#include "core/base/buf.h"

/* The profile of one worker; empty where it did not answer. */
typedef struct evprof_part {
    pid_t pid;
    evprof_buf_t bytes;
} evprof_part_t;

/* Merges the profiles that are there, with a label pid on the samples of each,
 * and adds a comment on how many there are. The first part is this process's
 * own. EVPROF_EPARSE and the like; EVPROF_ENOMEM. */
int evprof_parts_merge(const evprof_part_t *parts, size_t count,
                       evprof_buf_t *out, evprof_error_t *err);

#endif
