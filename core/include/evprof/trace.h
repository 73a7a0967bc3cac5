/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_H
#define EVPROF_TRACE_H

/*
 * What an application writes into the execution trace: tasks, which may pass
 * from thread to thread; regions, which begin and end on one thread; and log
 * lines. All calls are lock-free, keep errno, and do nothing while no trace is
 * recorded but look at a flag. None may be called from a signal handler.
 *
 * Names and texts are copied, of each the first 1,024 bytes.
 */

#include <stdbool.h>
#include <stdint.h>

#include <evprof/evprof.h>
#include <evprof/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A task, known by a number that is never used again. 0 is the background task:
 * what belongs to none. */
typedef uint64_t evprof_task_t;

/*
 * Begins a task that is a part of `parent` (0: of none); `name` is copied.
 * Returns its number; 0 while no trace is recorded. MT-Safe.
 */
EVPROF_API evprof_task_t evprof_task_new(evprof_task_t parent,
                                         const char *name);

/* Ends the task, on whichever thread; 0 is ignored. MT-Safe. */
EVPROF_API void evprof_task_end(evprof_task_t task);

/*
 * Begins a region of the calling thread, as a part of `task` (0: of none);
 * `name` is copied. Regions nest. Returns a token > 0 for evprof_region_end(),
 * which the same thread calls with the tokens in opposite order; a token that
 * is passed over ends with the region around it. At most 32 regions of a thread
 * are open at once, further ones are left out of the trace.
 */
EVPROF_API int evprof_region_begin(evprof_task_t task, const char *name);
EVPROF_API void evprof_region_end(int token);

/* For EVPROF_REGION(); not to be called by name. */
static inline void
evprof_region__leave(int *token)
{
    evprof_region_end(*token);
}

#define EVPROF_REGION__NAME2(number) evprof_region__##number
#define EVPROF_REGION__NAME(number) EVPROF_REGION__NAME2(number)

/* The rest of the block it stands in is a region. */
#define EVPROF_REGION(task, name)                                              \
    __attribute__((cleanup(evprof_region__leave), unused)) int                 \
    EVPROF_REGION__NAME(__COUNTER__) = evprof_region_begin((task), (name))

/* Writes a line to the log of `task` (0: to none); both texts are copied.
 * MT-Safe. */
EVPROF_API void evprof_trace_log(evprof_task_t task, const char *key,
                                 const char *value);

/* Whether a trace or the flight recorder is recording, for texts that are
 * costly to make. MT-Safe, signal-safe. */
EVPROF_API bool evprof_trace_is_enabled(void);

/*
 * Writes the last seconds that the flight recorder (`flight_recorder` in
 * `profile trace { }`) has kept, in the format of Go's execution traces, and
 * goes on recording. Blocks until the worker thread has taken them, and calls
 * `out` on the calling thread. EVPROF_EOFF: the recorder is not on;
 * EVPROF_EINVAL: no writer; EVPROF_ESTATE: called by a module's hook, or the
 * profiler is shut down; EVPROF_ENOENT: the profiler was freed meanwhile;
 * EVPROF_EBUSY: somebody else takes it now; EVPROF_ELIMIT: `max_profiles` are
 * being taken; EVPROF_ECANCELED: evprof_free() came meanwhile; EVPROF_ENOMEM;
 * what `out` returns. MT-Safe.
 */
EVPROF_API int evprof_flight_write(evprof_t *prof, const evprof_writer_t *out,
                                   evprof_error_t *err);

#ifdef __cplusplus
}
#endif

#endif
