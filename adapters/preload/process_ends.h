/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_PROCESS_ENDS_H
#define EVPROF_PRELOAD_PROCESS_ENDS_H

/* Notes what a program that replaces itself is to find again, and looks up what
 * the wrappers stand before. In the constructor, before the environment is
 * changed. */
void evprof_preload_ends_begin(void);

#endif
