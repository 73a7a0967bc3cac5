/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_INTERRUPT_H
#define EVPROF_CLI_INTERRUPT_H

/*
 * ^C. It ends a single report at once; what would be left half written is
 * removed. In the shell reports are made by a child process, which ^C ends,
 * while the shell goes on; two within a second end the shell, too.
 */

#include <stdbool.h>

/* Removes `file` (copied; NULL: none) when a signal ends the process. */
void cli_interrupt_removes(const char *file);

/* From now on ^C does not end this process. */
void cli_interrupt_catch(void);

/* Undoes that, in a child process. */
void cli_interrupt_release(void);

/* True when ^C was typed since it was taken. */
bool cli_interrupt_is_typed(void);

/* The same, and takes it. */
bool cli_interrupt_take(void);

/* True when it was typed twice within a second. */
bool cli_interrupt_is_leaving(void);

#endif
