/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ATTACH_EVENTS_H
#define EVPROF_ATTACH_EVENTS_H

/*
 * Samples of the CPU time of another process, by perf_event_open(2). Each
 * thread has an event on each processor, which its later threads inherit; all
 * events of a processor write to one ring. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <evprof/status.h>

typedef struct evprof_events evprof_events_t;

/* One sample; everything it points to is valid during the call only. */
typedef struct evprof_event {
    pid_t tid;
    const uint64_t *chain; /* what frame pointers lead to, the leaf first */
    size_t chain_count;
    const uint64_t *registers;  /* of evprof_registers_mask; NULL: none */
    const unsigned char *stack; /* its words from the stack pointer on */
    size_t stack_size;
} evprof_event_t;

/* What the samples lack. */
typedef struct evprof_events_losses {
    uint64_t lost;     /* samples that found their ring full */
    size_t threads;    /* when it began */
    size_t left_out;   /* of those, threads that could not be opened */
    bool lacks_kernel; /* time inside of the kernel is not counted */
    uint64_t cpu_ns;   /* CPU time, as the kernel counted it */
} evprof_events_losses_t;

/*
 * Begins, with a sample for every `period_ns` of CPU time. EVPROF_ENOENT: there
 * is no such process; EVPROF_EPERM: this is not permitted, the message says by
 * what; EVPROF_ENOTSUP, EVPROF_EIO, EVPROF_ENOMEM.
 */
int evprof_events_open(pid_t pid, uint64_t period_ns, evprof_events_t **out,
                       evprof_error_t *err);

/* Sleeps until samples are there, at most `timeout_ms`; false: the process has
 * ended. */
bool evprof_events_wait(evprof_events_t *events, int timeout_ms);

/* Calls `fn` for each sample that has come. */
void evprof_events_read(evprof_events_t *events,
                        void (*fn)(void *ctx, const evprof_event_t *event),
                        void *ctx);

/* Stops counting, so that reads come to an end. */
void evprof_events_stop(evprof_events_t *events);

/* What was lost so far. */
void evprof_events_losses(const evprof_events_t *events,
                          evprof_events_losses_t *out);

/* Ends all events; NULL is ignored. */
void evprof_events_free(evprof_events_t *events);

#endif
