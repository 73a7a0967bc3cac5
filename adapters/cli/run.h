/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_RUN_H
#define EVPROF_CLI_RUN_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * `evprof run [FLAG]... [--] COMMAND [ARGUMENT]...`: runs a program with the
 * profiler preloaded. True when that was asked for; `exit_status` is then the
 * program's. Does not return when a signal ended the program: the same signal
 * ends this one.
 */
bool cli_run(int argc, char **argv, int *exit_status);

/* A program that has ended, and what it wrote into. */
typedef struct cli_run_ended {
    const char *folder; /* "": none */
    pid_t pid;
    int status;         /* as of waitpid() */
    rlim_t descriptors; /* that it was allowed at its end */
} cli_run_ended_t;

/* What the program left in its folder becomes the file `output`: all parts of
 * profile `name`, of all its processes, merged. `is_file`: it is no profile but
 * a file of its own format, that of the program's own process is taken. False
 * after a message. */
bool cli_run_collect(const cli_run_ended_t *ended, const char *name,
                     bool is_file, const char *output);

/* The files of the objects that a program and its children have loaded. */
typedef struct cli_run_objects cli_run_objects_t;

/* Opens them from now on, each time that a process has written a file into
 * `folder`, so that what is removed or replaced later can still be read. NULL:
 * the system has no means. */
cli_run_objects_t *cli_run_objects_new(const char *folder);

/* Does so until the process ends, which is left to be waited for. Returns
 * before where the system has no means, or `objects` is NULL. */
void cli_run_objects_watch(cli_run_objects_t *objects, pid_t pid);

/* Has the names of those that are not at their places any more found in what
 * was opened, by this process and those that it starts. NULL is ignored. */
void cli_run_objects_show(cli_run_objects_t *objects);

/* Closes them; NULL is ignored. */
void cli_run_objects_free(cli_run_objects_t *objects);

/* Says which processes of the program go on although the command has ended:
 * servers that went to the background. They are known by their environment, in
 * which `folder` is. */
void cli_run_say_left(const char *folder);

/* Removes the folder and all that lies below it. */
void cli_run_remove(const char *folder);

#endif
