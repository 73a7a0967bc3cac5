/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_KEPT_SOURCES_H
#define EVPROF_SYMBOL_KEPT_SOURCES_H

/*
 * Objects that stay open from one question to the next. A server that takes
 * one profile after the other asks about a few new addresses each time, and to
 * open a debug file whose sections are packed takes some 100 ms of CPU time.
 */

#include "core/symbol/query.h"

typedef struct evprof_kept_source evprof_kept_source_t;

/* Zero-initialised but for `max_bytes`, it is empty. One thread at a time. */
typedef struct evprof_kept_sources {
    evprof_kept_source_t *first; /* the one that was asked last */
    /* The memory that sources may take when no question is answered. Half of
     * the descriptors that the process may have are left as well. */
    size_t max_bytes;
} evprof_kept_sources_t;

/*
 * Adds to `file` an answer for each query about the object whose file is `fd`,
 * which is closed sooner or later; `path` is where it was found. An object that
 * was written to since the last question is opened again. EVPROF_EINVAL: no ELF
 * file; EVPROF_ENOMEM.
 */
int evprof_kept_sources_answer(evprof_kept_sources_t *kept, int fd,
                               const char *path, evprof_query_t *queries,
                               size_t count, evprof_symbol_file_t *file);

/* Closes all. */
void evprof_kept_sources_close(evprof_kept_sources_t *kept);

#endif
