/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_FILES_H
#define EVPROF_PRELOAD_FILES_H

/*
 * Profiles as files, for `evprof run -cpuprofile F -- command`. The environment
 * variable EVPROF_FILES names a folder and, behind colons, the profiles that
 * are wanted: "/tmp/x:cpu:heap". The process writes into that folder
 *
 *     NAME.PID     parts, each a number of bytes (8, the lowest first) and then
 *                  a profile of one second: those of a window
 *     NAME.PID     the same with parts of one file, such as a trace
 *     NAME.PID     one profile, replaced every few seconds and at the end:
 * those without a window
 *
 * so that what a crash leaves behind is whole but for its last second, and no
 * handler for the crash is needed. A profile that is one file from beginning to
 * end, such as a trace, is written by the process alone and by no forked child.
 */

#include <stdbool.h>
#include <stdint.h>

#include <evprof/evprof.h>

/*
 * Begins, where the variable is set: true. In the constructor. With `may_part`,
 * which is that nothing else of ours shares the work, our threads get a table
 * of descriptors of their own, unless there are some already.
 */
bool evprof_preload_files_begin(evprof_t *prof, bool may_part);

/*
 * Writes what is left, and stops: at the end of the program, of its process or
 * of its image. Waits at most `limit_ns`, 0: as long as it takes. It allocates
 * nothing and takes no lock when there is a limit, since a process may be ended
 * by a handler. False: there is nothing to write.
 */
bool evprof_preload_files_end(int64_t limit_ns);

/* Goes on after an end, when the image could not be replaced. Like that, it
 * allocates nothing and takes no lock. */
void evprof_preload_files_resume(void);

/* A forked child writes files of its own. */
void evprof_preload_files_fork_child(void);

#endif
