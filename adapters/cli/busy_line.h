/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_BUSY_LINE_H
#define EVPROF_CLI_BUSY_LINE_H

#include <pthread.h>
#include <stdbool.h>

/*
 * A line on the terminal behind standard error that says what takes so long; it
 * comes after half a second and goes at the end. Nothing without a terminal.
 */
typedef struct cli_busy {
    const char *what;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_over; /* guarded by `lock` */
    bool is_on;
} cli_busy_t;

/* `what` stays the caller's: "reading profiles". */
void cli_busy_begin(cli_busy_t *busy, const char *what);

/* Ends the thread, and takes away what it drew. Nothing where none was begun.
 */
void cli_busy_end(cli_busy_t *busy);

#endif
