/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_PROGRAM_H
#define EVPROF_EVHTTP_PROGRAM_H

#include "core/base/buf.h"

/* The process as pages show it. */
typedef struct evprof_program {
    char name[256];     /* of its file, without folders */
    char build_id[129]; /* hex of the GNU note, or "" */
    long pid;
    long uptime; /* seconds; -1: unknown */
} evprof_program_t;

/* Fills in `out`; reads a file of /proc. MT-Safe. */
void evprof_program_read(evprof_program_t *out);

/* Appends a number of seconds as "3 d 4 h" or "5 min 6 s". */
void evprof_program_put_uptime(evprof_buf_t *out, long seconds);

#endif
