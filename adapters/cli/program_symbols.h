/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_PROGRAM_SYMBOLS_H
#define EVPROF_CLI_PROGRAM_SYMBOLS_H

#include <stdbool.h>

/* What matters to a library that is preloaded into a program. Texts are "" for
 * what it has not. */
typedef struct cli_program {
    bool defines_malloc;      /* itself: before all preloaded libraries */
    bool defines_tsan;        /* ThreadSanitizer is built in */
    char allocator[64];       /* the library of one that it asks for */
    char address_checker[64]; /* AddressSanitizer's library */
    char thread_checker[64];  /* ThreadSanitizer's */
    char launcher[64];        /* runs another as its child: "timeout", "sudo" */
} cli_program_t;

/* Reads it out of the program's file, which is found as the shell finds it; of
 * a script only its launcher is known, of a file that cannot be read nothing. */
void cli_program_read(const char *command, cli_program_t *out);

#endif
