/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_RECORDER_H
#define EVPROF_TRACE_RECORDER_H

/*
 * The recording of a trace: a thread of ours empties the rings of all threads a
 * hundred times a second and cuts what it has into generations of about a
 * second. Two may want them at once, a window of a request and the flight
 * recorder; each keeps the generations from its own beginning on.
 *
 * All calls are made by one thread at a time, the worker.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <evprof/status.h>
#include <evprof/writer.h>

#include "core/profile/pprof.h"

enum evprof_trace_user {
    EVPROF_TRACE_WINDOW,
    EVPROF_TRACE_FLIGHT,
    EVPROF_TRACE_USERS
};

typedef struct evprof_trace_limits {
    int64_t keep_ns;         /* older generations go; 0: none does */
    size_t keep_bytes;       /* beyond it the oldest go; 0: no bound */
    const char *no_switches; /* why the kernel's switches of threads are not
                              * wanted, static; NULL: they are */
} evprof_trace_limits_t;

/* A thread that is there when the recording begins. */
typedef struct evprof_trace_seed {
    pid_t tid;
    bool is_asleep;
    const uintptr_t *pcs; /* return addresses, leaf first */
    size_t count;
} evprof_trace_seed_t;

/* Whether a recording goes on; a further user then needs no seeds. */
bool evprof_trace_is_recording(void);

/*
 * Begins to keep generations for `user`. `seeds` are read when nobody was
 * recording, and may be NULL. EVPROF_EBUSY: it records already; EVPROF_ENOMEM:
 * no memory or no thread.
 */
int evprof_trace_begin(enum evprof_trace_user user,
                       const evprof_trace_limits_t *limits,
                       const evprof_trace_seed_t *seeds, size_t seed_count,
                       evprof_error_t *err);

/* Ends the recording for `user` and frees what only it needed. The last user to
 * end stops the recording. */
void evprof_trace_end(enum evprof_trace_user user);

/*
 * Writes what was kept for `user` up to now. `name` gives a profile of the
 * stacks mappings, functions and lines. EVPROF_ESTATE: it does not record;
 * EVPROF_ENOMEM; what `name` and the writer return.
 */
int evprof_trace_write(enum evprof_trace_user user,
                       int (*name)(evprof_pprof_t *p, evprof_error_t *err),
                       const evprof_writer_t *out, evprof_error_t *err);

/*
 * Writes what was kept for `user` since its beginning or since the last call,
 * and keeps it no longer, while the recording goes on; evprof_trace_write()
 * then writes the rest of that trace. A process that is ended leaves a trace of
 * whole parts. Statuses as above; after a failure of `name` nothing is lost.
 */
int evprof_trace_write_part(enum evprof_trace_user user,
                            int (*name)(evprof_pprof_t *p, evprof_error_t *err),
                            const evprof_writer_t *out, evprof_error_t *err);

typedef struct evprof_trace_stats {
    size_t generations;     /* kept now */
    size_t bytes;           /* of them */
    uint64_t dropped;       /* events lost since the process began */
    uint64_t spared;        /* events without a stack, by the budget */
    uint64_t switches_lost; /* switches of threads, likewise */
} evprof_trace_stats_t;

/* MT-Safe. */
void evprof_trace_stats(evprof_trace_stats_t *out);

/* Sets the function that gives the size of the heap, which is called 10 times a
 * second and written into the trace; NULL: none. Only while nothing is
 * recorded. */
void evprof_trace_ask_heap(bool (*bytes)(size_t *out));

/* Before a fork: waits until the recorder has no descriptor that the child
 * would inherit, and lets it open none. */
void evprof_trace_fork_prepare(void);

/* After it, in the parent: the recorder may open some again. */
void evprof_trace_fork_parent(void);

/* In the child of a fork: nothing is recorded. */
void evprof_trace_fork_child(void);

#endif
