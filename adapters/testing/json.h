/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_JSON_H
#define EVPROF_TESTING_JSON_H

#include <evprof/writer.h>

#include "core/base/buf.h"

/*
 * Turns the output of a verbose run into test2json events, one JSON object a
 * line. Lines that begin with the mark (0x16) and === or --- steer it, all
 * others are output of the test that spoke last.
 */
typedef struct evprof_json {
    const char *package;
    evprof_buf_t test;    /* whose output comes now; empty: the package's */
    evprof_buf_t pending; /* a line that is not complete yet */
    evprof_buf_t ended;   /* "pass", "fail", "skip" once it has come */
    long long (*now_ns)(void); /* Unix time, a seam for tests */
    long long started_ns;
    evprof_writer_t out;
} evprof_json_t;

/* Takes the next bytes of the run's output. */
void evprof_json_feed(evprof_json_t *json, const char *data, size_t len);

/* The last event; `exit_code` decides when no PASS or FAIL line has come. */
void evprof_json_end(evprof_json_t *json, int exit_code);

/*
 * Runs the rest of the program in a child whose output comes back as events.
 * Returns only in that child; the parent exits as the child did. Before any
 * thread exists.
 */
void evprof_json_fork(const char *package);

#endif
