/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_ALONE_H
#define EVPROF_PRELOAD_ALONE_H

#include <stdbool.h>

/* Ends the thread that waits for the port's time, so that a program which has
 * no thread of its own has none; false: there is no such thread. */
bool evprof_preload_stand_aside(void);

/* Lets it wait again, for what is left of the time. After a true result only;
 * keeps errno. */
void evprof_preload_come_back(void);

#endif
