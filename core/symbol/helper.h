/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_HELPER_H
#define EVPROF_SYMBOL_HELPER_H

/*
 * The helper program, which reads DWARF outside the server: it is started when
 * it is first needed and ends by itself when it is not asked for a while.
 * Whatever happens to it, lines are missing and nothing else.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/symbol/process_keeper.h"
#include "core/symbol/symbol_cache.h"

typedef struct evprof_helper {
    evprof_keeper_t keeper;
    evprof_buf_t path;  /* what was found, "" before */
    evprof_buf_t given; /* what was configured */
    bool is_off;        /* configured so */
    /* Why the last question had no answer, "" after an answer. */
    evprof_error_t why;
} evprof_helper_t;

/* Sets where the program is; NULL: beside the library. "off": nowhere. */
void evprof_helper_configure(evprof_helper_t *helper, const char *file);

/*
 * Asks for `count` addresses of the file behind `fd`, which was loaded from
 * `path`, and adds the answers to `file`. Takes ten seconds at most. Anything
 * but EVPROF_OK: there are no answers, and `why` says the reason. One thread at
 * a time.
 */
int evprof_helper_ask(evprof_helper_t *helper, int fd, const char *path,
                      const uint64_t *vaddrs, size_t count,
                      evprof_symbol_file_t *file);

/* Ends the program. */
void evprof_helper_stop(evprof_helper_t *helper);

/* In the child of a fork, whose helper is its parent's. */
void evprof_helper_forget(evprof_helper_t *helper);

#endif
