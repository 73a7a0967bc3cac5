/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_SERVICE_H
#define EVPROF_RUNTIME_SERVICE_H

/*
 * What an adapter with a thread of its own needs of the profiler; as in job.h,
 * for adapters of ours only.
 */

#include <pthread.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/base/own_thread.h"
#include "core/conf/conf.h"

/* Makes a thread of ours. EVPROF_ENOMEM. */
EVPROF_API int evprof_service_start(enum evprof_own_thread which,
                                    pthread_t *out, void *(*run)(void *arg),
                                    void *arg, evprof_error_t *err);

/*
 * Has evprof_free() call `fn` when no job is left, latest first, once.
 * EVPROF_ESTATE: the profiler is shut down; EVPROF_ENOMEM.
 */
EVPROF_API int evprof_service_at_free(evprof_t *prof, void (*fn)(void *ctx),
                                      void *ctx, evprof_error_t *err);

/*
 * Has `fn` called where a process ends without destructors: by _exit, where the
 * preloaded library sees it. It may be called in any thread, in a handler, and
 * in a child of vfork on its parent's memory. It replaces the one before; NULL:
 * none.
 */
EVPROF_API void evprof_service_at_quick_end(void (*fn)(void));

/* Calls it. */
void evprof_service_quick_end(void);

/* How long a thread of ours waits in the child of a fork before it does
 * anything: most children call exec before. */
#define EVPROF_SERVICE_CHILD_WAIT_NS INT64_C(1000000000)

/*
 * Has the child of a fork call `fn`, when all else of ours is in order there,
 * so that it may make threads. Once for each, never taken back. EVPROF_ENOMEM.
 */
int evprof_service_in_child(void (*fn)(void), evprof_error_t *err);

/* Appends the time of now in UTC: 2026-02-01T15:04:05Z. */
void evprof_log_time(evprof_buf_t *line);

/* Says a line, where the directive `log` wants to hear it; control bytes in it
 * are written as escapes. Any thread. */
EVPROF_API void evprof_log(evprof_t *prof, enum evprof_log_level level,
                           const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
