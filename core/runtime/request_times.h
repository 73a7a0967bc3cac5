/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_REQUEST_TIMES_H
#define EVPROF_RUNTIME_REQUEST_TIMES_H

/*
 * What an adapter that sees the application's requests tells the runtime: how
 * long they take.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/export.h>

/* The time that `latency` of watch { } allows a request, in nanoseconds; 0: it
 * is not set. */
extern EVPROF_API _Atomic int64_t evprof_requests_slow_ns;

/* Whether times of requests are wanted. Any thread. */
static inline bool
evprof_requests_are_timed(void)
{
    return atomic_load_explicit(&evprof_requests_slow_ns,
                                memory_order_relaxed) > 0;
}

/* A callback of a request begins; `route` lives for ever. What
 * evprof_requests_leave() is given when it returns; -1: too many run at once.
 * Where it never returns it runs until its thread ends. Any thread. */
EVPROF_API int evprof_requests_enter(const char *route, int64_t now_ns);

/* The callback returns that was given `place`; -1 is ignored. Any thread. */
EVPROF_API void evprof_requests_leave(int place);

/* A request of `method` and `path` has been answered after so long. Any thread.
 */
EVPROF_API void evprof_requests_note(const char *method, const char *path,
                                     int64_t ns);

/* A request that took too long, or takes too long still. */
typedef struct evprof_slow_request {
    int64_t ns; /* 0: there was none */
    bool is_running;
    char name[128]; /* its route; the method and the path, with escapes for
                       control bytes, once it is answered */
} evprof_slow_request_t;

/*
 * The slowest since the last time, which is forgotten then, or whose callback
 * runs. False: no callback has ever run, as where libevent's functions are not
 * ours. The watching thread.
 */
bool evprof_requests_slowest(int64_t now_ns, evprof_slow_request_t *out);

/* In the child of a fork: the parent's callbacks do not run there, not even the
 * one that forked. */
void evprof_requests_fork_child(void);

#endif
