/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_ENVIRONMENT_H
#define EVPROF_PRELOAD_ENVIRONMENT_H

/*
 * Takes this library out of LD_PRELOAD, so that the programs which this one
 * starts do not have it. What else stands there stays. In a constructor, while
 * there is one thread.
 */
void evprof_preload_leave_environment(void);

#endif
