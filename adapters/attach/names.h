/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ATTACH_NAMES_H
#define EVPROF_ATTACH_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/index.h"

/*
 * The names of a process's threads. A sample has only a thread's number, and
 * there are many of a thread: its name is read once a turn, of which the caller
 * says when one begins. Zero-initialised but for `pid`, and valid then. One
 * thread at a time.
 */
typedef struct evprof_thread_names {
    pid_t pid;
    uint32_t turn;
    uint64_t reads; /* how many were read */
    struct evprof_thread_name *rows;
    size_t count;
    size_t cap;
    evprof_index_t index;
} evprof_thread_names_t;

/* From now on names are read again. */
void evprof_thread_names_turn(evprof_thread_names_t *names);

/* The name of a thread, the last one it had where it has ended; "" where none
 * was ever seen, or memory is out. Valid until the next call. */
const char *evprof_thread_names_of(evprof_thread_names_t *names, pid_t tid);

/* Frees what it holds. */
void evprof_thread_names_free(evprof_thread_names_t *names);

#endif
