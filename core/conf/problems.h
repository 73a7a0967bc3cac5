/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_PROBLEMS_H
#define EVPROF_CONF_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

#include <evprof/status.h>
#include <evprof/writer.h>

#include "core/base/arena.h"

/* A place in a configuration file. */
typedef struct evprof_place {
    const char *file;     /* as it was named; lives as long as the list */
    unsigned file_number; /* in the order in which files were opened */
    unsigned line;        /* from 1; 0: the file as a whole */
    unsigned column;      /* from 1, in characters */
} evprof_place_t;

/*
 * The problems of a configuration, one line each. Zero-initialised is empty and
 * valid. A problem that memory cannot hold is still counted.
 */
typedef struct evprof_problems {
    evprof_arena_t arena;
    struct evprof_problem *first; /* the latest, which links to earlier ones */
    size_t kept;
    size_t errors;
    size_t warnings;
} evprof_problems_t;

/* Adds "FILE:LINE:COLUMN: TEXT"; the text is made one clean line of UTF-8. */
void evprof_problems_add(evprof_problems_t *problems,
                         const evprof_place_t *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a warning, "FILE:LINE:COLUMN: warning: TEXT", which is no error. */
void evprof_problems_warn(evprof_problems_t *problems,
                          const evprof_place_t *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes all of them, sorted by place. Returns the writer's status. */
int evprof_problems_write(const evprof_problems_t *problems,
                          const evprof_writer_t *out);

/* The first error by place, or NULL; lives as long as the list. */
const char *evprof_problems_first(const evprof_problems_t *problems);

/* Frees the list and its texts. */
void evprof_problems_free(evprof_problems_t *problems);

#endif
