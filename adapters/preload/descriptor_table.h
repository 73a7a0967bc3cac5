/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_DESCRIPTOR_TABLE_H
#define EVPROF_PRELOAD_DESCRIPTOR_TABLE_H

#include <stdbool.h>

/*
 * Gives the calling thread, and every thread that it makes from now on, a table
 * of descriptors of its own. Of those that are open only `socket` is in it, at
 * the same number, which stays open in the program's table too; -1: none is.
 * Where 0 to 2 are free, they are /dev/null. False: the kernel cannot (before
 * Linux 5.9), or the program has a message queue; the table stays the
 * program's.
 */
bool evprof_preload_part_table(int socket);

#endif
