/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_SHELL_TERMINAL_H
#define TESTS_E2E_SHELL_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/buf.h"

/* A program on a terminal of its own, as a person would have it. */
typedef struct terminal {
    int fd; /* our side */
    pid_t pid;
    evprof_buf_t screen; /* all that was written since the last wait */
} terminal_t;

/* Starts the program on a terminal of `columns`; false: it cannot be had. */
bool terminal_start(terminal_t *t, char *const argv[], unsigned short columns);

/* Types the text. */
void terminal_type(terminal_t *t, const char *text);

/*
 * Waits until `text` has been written, escape sequences aside. What was written
 * up to then stays in `screen`. False at the program's end, or when nothing
 * comes for twenty seconds.
 */
bool terminal_wait(terminal_t *t, const char *text);

/* Waits for the end; the exit status, or -1. Frees what is held. */
int terminal_end(terminal_t *t);

#endif
