/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_OWN_THREAD_H
#define EVPROF_BASE_OWN_THREAD_H

/*
 * All threads that the library makes in an application, in one table (the one
 * of own_thread.c). Each has a stack of a set size with a guard page, whatever
 * `ulimit -s` says, takes no signal of the application's, and is left out of
 * the profiles of threads, heap and locks; `cpu` samples it like any other.
 * Adapters, which have a copy of this room, make theirs by
 * evprof_service_start().
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum evprof_own_thread {
    EVPROF_OWN_DRAINER,
    EVPROF_OWN_WALL,
    EVPROF_OWN_TRACE,
    EVPROF_OWN_TABLES,
    EVPROF_OWN_WORKER,
    EVPROF_OWN_HASHER,
    EVPROF_OWN_RELOAD,
    EVPROF_OWN_PORT,
    EVPROF_OWN_PRELOAD,
    EVPROF_OWN_FILES,
    EVPROF_OWN_DEADLOCK,
    EVPROF_OWN_DUMPS,
    EVPROF_OWN_PUSH,
    EVPROF_OWN_WATCH,
    EVPROF_OWN_GATHER,
    EVPROF_OWN_COLLECTOR,
    EVPROF_OWN_DEMANGLER,
    EVPROF_OWN_THREADS
};

/* A row of the table. */
typedef struct evprof_own_thread_row {
    const char *name;   /* as the kernel has it, up to 15 bytes */
    size_t stack_bytes; /* usable by its code: what TLS takes comes on top */
    const char *exists; /* when */
} evprof_own_thread_row_t;

/* A row; static. */
const evprof_own_thread_row_t *
evprof_own_thread_row(enum evprof_own_thread which);

/*
 * Makes it; what pthread_create() returns. SIGPROF and the signals of faults
 * reach it: the CPU sampler, and the application's crash handler.
 */
int evprof_own_thread_start(enum evprof_own_thread which, pthread_t *out,
                            void *(*run)(void *arg), void *arg);

/* How many of them there are just now, the caller included if it is one. */
unsigned evprof_own_thread_count(void);

/* Has `begin` called first in each such thread. For one caller, before any
 * thread is made. */
void evprof_own_thread_on_begin(void (*begin)(void));

/* Whether a thread that begins with this function is one of ours, which says so
 * itself only later. */
bool evprof_own_thread_is(void *(*routine)(void *));

#endif
