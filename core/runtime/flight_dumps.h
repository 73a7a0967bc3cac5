/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_FLIGHT_DUMPS_H
#define EVPROF_RUNTIME_FLIGHT_DUMPS_H

/*
 * Writes the trace of the flight recorder to a folder when a task took long or
 * a signal comes. One profiler at a time.
 */

#include <stdint.h>

#include <evprof/evprof.h>
#include <evprof/writer.h>

typedef struct evprof_flight_dumps {
    int64_t latency_ns; /* of tasks; 0: whatever they take */
    long long every_ns; /* at least between two files */
    int signal;         /* 0: none */
    const char *folder; /* copied; NULL: nothing is written */
    int64_t max_bytes;  /* of all files */
    /* evprof_flight_write() of the module. */
    int (*write)(evprof_t *prof, const evprof_writer_t *out,
                 evprof_error_t *err);
} evprof_flight_dumps_t;

/* Begins, in the hook `init` of the trace. EVPROF_ESTATE: the application has a
 * handler for the signal; EVPROF_ENOMEM. */
int evprof_flight_dumps_start(const evprof_flight_dumps_t *dumps,
                              evprof_error_t *err);

/* In the child of a fork: no file is begun until evprof_flight_dumps_again().
 */
void evprof_flight_dumps_fork_child(void);

/* Makes the thread in the child of a fork, where files are wanted.
 * EVPROF_ENOMEM. */
int evprof_flight_dumps_again(evprof_error_t *err);

/* Ends it: no file is begun any more. In the hook `fini`, started or not. */
void evprof_flight_dumps_stop(void);

/* How many files were written since the process began. Any thread. */
uint64_t evprof_flight_dumps_written(void);

/* How many could not be written since the process began. Any thread. */
uint64_t evprof_flight_dumps_failed(void);

#endif
