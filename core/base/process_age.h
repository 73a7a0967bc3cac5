/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PROCESS_AGE_H
#define EVPROF_BASE_PROCESS_AGE_H

#include <stdint.h>

/* For how long a process has been there, by its `stat` in /proc; -1: that
 * cannot be read. Exact to a hundredth of a second. MT-Safe; not in handlers.
 */
int64_t evprof_process_age_ns(const char *stat_path);

#endif
