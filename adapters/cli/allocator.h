/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_ALLOCATOR_H
#define EVPROF_CLI_ALLOCATOR_H

/*
 * Writes one line to the standard error when the program, found as the shell
 * finds it, brings an allocator of its own: one that is linked as a library
 * gives way to a preloaded jemalloc, one that is built in does not.
 */
void cli_allocator_warn(const char *command);

#endif
