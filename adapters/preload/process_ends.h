/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_PROCESS_ENDS_H
#define EVPROF_PRELOAD_PROCESS_ENDS_H

/* Notes what a program that replaces itself is to find again: its own path and
 * the variables by which it was preloaded. In the constructor, before any of
 * them is changed. */
void evprof_preload_ends_begin(void);

#endif
