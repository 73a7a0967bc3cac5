/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PROCESS_AGE_H
#define EVPROF_BASE_PROCESS_AGE_H

#include <stdbool.h>
#include <stdint.h>

/* Finds when a process or thread began, in the kernel's ticks since the
 * machine did, in the text of its `stat` in /proc. False: it is none. MT-Safe.
 */
bool evprof_stat_start_ticks(const char *stat, uint64_t *out);

/* For how long a process has been there, by its `stat` in /proc; -1: that
 * cannot be read. Exact to a hundredth of a second. MT-Safe; not in handlers.
 */
int64_t evprof_process_age_ns(const char *stat_path);

#endif
