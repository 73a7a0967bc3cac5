/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ATTACH_STACK_H
#define EVPROF_ATTACH_STACK_H

/*
 * Stacks of another process, followed by the call-frame data of its objects,
 * and by frame pointers where an object has none. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <evprof/status.h>

#include "adapters/attach/events.h"

#define EVPROF_STACK_FRAMES 512

typedef struct evprof_tracer evprof_tracer_t;

/* A stack: addresses inside of the calling instructions, the leaf first. */
typedef struct evprof_traced {
    uint64_t pcs[EVPROF_STACK_FRAMES];
    size_t count;
    bool is_broken; /* the caller of the last frame is not known */
} evprof_traced_t;

/* Learns which objects the process has mapped. EVPROF_EIO: it has ended, or is
 * another user's; EVPROF_ENOMEM. */
int evprof_tracer_new(pid_t pid, evprof_tracer_t **out, evprof_error_t *err);

/* Frees the tracer; NULL is ignored. */
void evprof_tracer_free(evprof_tracer_t *tracer);

/* The stack of a sample, by the copy of it that the sample carries. */
void evprof_tracer_walk(evprof_tracer_t *tracer, const evprof_event_t *event,
                        evprof_traced_t *out);

#endif
