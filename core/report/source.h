/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_SOURCE_H
#define EVPROF_REPORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/report/report.h"

/*
 * How many bytes to cut off the front of a source file's name: a prefix out of
 * the colon-separated `trim_path`; without any, all up to a directory that has
 * the name of one in `search_path`.
 */
size_t evprof_source_trim(const char *name, const char *trim_path,
                          const char *search_path);

/* Source files by the names in a profile, each read once. */
typedef struct evprof_sources evprof_sources_t;

/* An empty `search_path` is the current directory. EVPROF_ENOMEM, EVPROF_EIO.
 */
int evprof_sources_new(const char *search_path, const char *trim_path,
                       evprof_sources_t **out, evprof_error_t *err);

/* Frees the files that were read; NULL is ignored. */
void evprof_sources_free(evprof_sources_t *s);

/* Asks `fetch` for files that are not found: it replaces `path` by where it put
 * the file. */
void evprof_sources_set_fetch(evprof_sources_t *s,
                              bool (*fetch)(const void *ctx, const char *file,
                                            evprof_buf_t *path),
                              const void *ctx);

/* Has files that are not found come from where the view's code comes from. The
 * view must outlive `s`. */
void evprof_sources_fetch_for(evprof_sources_t *s, const evprof_view_t *view);

/*
 * Line `number`, from 1, of the file without its newline, or NULL when there is
 * no such line. The first call for a file reads it.
 */
const char *evprof_sources_line(evprof_sources_t *s, const char *file,
                                int64_t number);

/* Why the file could not be read, or NULL. */
const char *evprof_sources_problem(evprof_sources_t *s, const char *file);

#endif
