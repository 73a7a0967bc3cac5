/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_HELPER_H
#define EVPROF_SYMBOL_HELPER_H

/*
 * The helper program reads DWARF outside the server. It is started when it is
 * first needed and exits when it gets no request for a while. If anything
 * happens to it, the profile lacks lines and nothing else.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/symbol/process_keeper.h"
#include "core/symbol/symbol_cache.h"

typedef struct evprof_helper {
    evprof_keeper_t keeper;
    /* The program that is used, "" before the first start. */
    evprof_buf_t path;
    evprof_buf_t given; /* the configured path */
    bool is_off;        /* configured as "off" */
    /* Why the last request failed; "" when it did not. */
    evprof_error_t why;
} evprof_helper_t;

/* Sets the program's path; NULL: look beside the library; "off": use none. */
void evprof_helper_configure(evprof_helper_t *helper, const char *file);

/*
 * Sends `count` addresses of the file `fd`, which was loaded from `path`, to
 * the program and adds its answers to `file`. Takes at most ten seconds. On any
 * status but EVPROF_OK there are no answers and `why` has the reason. One
 * thread at a time.
 */
int evprof_helper_ask(evprof_helper_t *helper, int fd, const char *path,
                      const uint64_t *vaddrs, size_t count,
                      evprof_symbol_file_t *file);

/* Ends the program. */
void evprof_helper_stop(evprof_helper_t *helper);

/* For the child of a fork: forgets the program, which serves the parent. */
void evprof_helper_forget(evprof_helper_t *helper);

#endif
