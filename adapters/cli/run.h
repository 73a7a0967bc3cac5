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

/* Says which processes of the program go on although the command has ended:
 * servers that went to the background. They are known by their environment, in
 * which `folder` is. */
void cli_run_say_left(const char *folder);

/* Removes the folder and what lies in it. */
void cli_run_remove(const char *folder);

#endif
