/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_RUN_H
#define EVPROF_CLI_RUN_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * `evprof run [FLAG]... [--] COMMAND [ARGUMENT]...`: runs a program with the
 * profiler preloaded. True when that was asked for; `exit_status` is then the
 * program's. Does not return when a signal ended the program: the same signal
 * ends this one.
 */
bool cli_run(int argc, char **argv, int *exit_status);

/* What the program left in `folder` becomes the file `output`: all parts of
 * profile `name`, of all its processes, merged. `is_file`: it is no profile but
 * a file of its own format, that of process `pid` is taken. False after a
 * message. */
bool cli_run_collect(const char *folder, const char *name, bool is_file,
                     pid_t pid, const char *output);

/* The files of the objects that a program and its children have loaded. */
typedef struct cli_run_objects cli_run_objects_t;

/* Opens them from now on, each time that a process has written a file into
 * `folder`, so that what is removed or replaced later can still be read. NULL:
 * the system has no means. */
cli_run_objects_t *cli_run_objects_new(const char *folder);

/* Does so until the process ends; its status as of waitpid(). `objects` may be
 * NULL. */
int cli_run_objects_await(cli_run_objects_t *objects, pid_t pid);

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
