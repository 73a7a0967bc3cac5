/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_SOURCES_H
#define EVPROF_FETCH_SOURCES_H

#include <evprof/status.h>

#include "adapters/fetch/fetch.h"
#include "core/base/arena.h"

/* A label that a sources file gives to all samples of a source. */
typedef struct evprof_source_label {
    const char *key;
    const char *value;
    struct evprof_source_label *next;
} evprof_source_label_t;

typedef struct evprof_source_line {
    evprof_fetch_source_t source;
    evprof_source_label_t *labels;
} evprof_source_line_t;

/*
 * Reads a sources file: a source a line, then words `label:KEY=VALUE`,
 * `header=@FILE`, `bearer=FILE`, `cert=FILE`, `key=FILE`; `#` begins a comment.
 * Credentials are named by their file, never written down. Prometheus' file_sd
 * JSON is read too. What is returned lives in `arena`. EVPROF_EIO;
 * EVPROF_EPARSE with "file:line: ...".
 */
int evprof_sources_read(const char *path, evprof_arena_t *arena,
                        evprof_source_line_t **out, size_t *count,
                        evprof_error_t *err);

#endif
