/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_PROCESS_KEEPER_H
#define EVPROF_SYMBOL_PROCESS_KEEPER_H

/*
 * Runs a program beside a server in a way that the server cannot notice: no
 * SIGCHLD, no child that its waitpid(-1) could return, no inherited descriptor
 * held open. The program is a child of the keeper, a process that shares the
 * server's memory (so that nothing is copied) and sends no signal on exit. The
 * keeper starts the program, waits for it and exits. It is reaped by __WCLONE,
 * which ordinary waits do not use.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <evprof/status.h>

#include "core/base/own_descriptor.h"

/* The keeper's name in /proc, by which it is told from a server. */
#define EVPROF_KEEPER_NAME "evprof-keeper"

typedef struct evprof_keeper {
    pid_t owner; /* 0: nothing runs */
    pid_t pid;
    evprof_own_descriptor_t socket; /* to the program's descriptor 0 */
    void *stack;
} evprof_keeper_t;

/*
 * Starts `path` with an empty environment, `/` as its working folder and one
 * end of a socket pair as its only descriptor. EVPROF_EIO with the reason. All
 * functions of this header: one thread at a time.
 */
int evprof_keeper_start(evprof_keeper_t *keeper, const char *path,
                        evprof_error_t *err);

/* Whether the socket is still open and ours: the server may have closed all its
 * descriptors, or this process is the child of a fork. */
bool evprof_keeper_is_ours(const evprof_keeper_t *keeper);

/* Closes the socket, on which the program exits, and waits up to 100 ms for the
 * keeper; one that takes longer is reaped by a later call. */
void evprof_keeper_stop(evprof_keeper_t *keeper);

/* Reaps the keeper if it has exited; true while the program runs. */
bool evprof_keeper_check(evprof_keeper_t *keeper);

/* For the child of a fork: closes its copy of the socket and forgets the
 * keeper. */
void evprof_keeper_forget(evprof_keeper_t *keeper);

#endif
