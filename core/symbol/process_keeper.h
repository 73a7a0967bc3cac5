/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_PROCESS_KEEPER_H
#define EVPROF_SYMBOL_PROCESS_KEEPER_H

/*
 * Running a program beside a server that must not notice: no SIGCHLD, no child
 * that its waitpid(-1) could meet, no descriptor held open. A keeper stands in
 * between: a process that shares the server's memory (so that nothing is
 * copied) and was made without a signal, starts the program, waits for it and
 * ends. It is then reaped by __WCLONE, which no ordinary wait does.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <evprof/status.h>

/* What the kernel calls the keeper, so that it is not taken for a server. */
#define EVPROF_KEEPER_NAME "evprof-keeper"

typedef struct evprof_keeper {
    pid_t owner; /* 0: nothing runs */
    pid_t pid;
    int socket;   /* to the program's descriptor 0 */
    dev_t device; /* of the socket: its number may have become another's */
    ino_t inode;
    void *stack;
} evprof_keeper_t;

/*
 * Starts `path` with an empty environment, `/` as its folder and one end of a
 * socket pair as its only descriptor. EVPROF_EIO with the reason. One thread at
 * a time for all of this header.
 */
int evprof_keeper_start(evprof_keeper_t *keeper, const char *path,
                        evprof_error_t *err);

/* Whether the socket is there and still ours: the server may have closed all
 * its descriptors, or this is the child of a fork. */
bool evprof_keeper_is_ours(const evprof_keeper_t *keeper);

/* Closes the socket, which ends the program, and waits a moment for the keeper;
 * one that takes longer is reaped by a later call. */
void evprof_keeper_stop(evprof_keeper_t *keeper);

/* Reaps what ended by itself; true while the program runs. */
bool evprof_keeper_check(evprof_keeper_t *keeper);

/* In the child of a fork: closes its copy of the socket and forgets. */
void evprof_keeper_forget(evprof_keeper_t *keeper);

#endif
