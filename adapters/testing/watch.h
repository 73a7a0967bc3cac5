/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_WATCH_H
#define EVPROF_TESTING_WATCH_H

/*
 * A thread that watches a run: when the run takes too long or a test crashes,
 * it writes all profiles and ends the program.
 */

#include <stdint.h>

struct evprof_tb_state;

/*
 * Starts the watch. `finish` writes the profiles, with a static string as their
 * remark; it runs on the watching thread. `timeout_ns` nanoseconds, 0: no
 * limit.
 */
void evprof_watch_start(int64_t timeout_ns, void (*finish)(const char *remark));

/* Ends the watch; the run is over. */
void evprof_watch_stop(void);

/* The calling thread now runs `s`. */
void evprof_watch_enter(struct evprof_tb_state *s);

/* The calling thread no longer runs `s`. */
void evprof_watch_leave(struct evprof_tb_state *s);

#endif
