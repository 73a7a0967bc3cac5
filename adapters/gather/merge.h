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

/* Merges what is there, each with a label pid, and says how many are. The first
 * part is this process's own. EVPROF_EPARSE and the like; EVPROF_ENOMEM. */
int evprof_parts_merge(const evprof_part_t *parts, size_t count,
                       evprof_buf_t *out, evprof_error_t *err);

#endif
