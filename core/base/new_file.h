/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_NEW_FILE_H
#define EVPROF_BASE_NEW_FILE_H

#include <stdbool.h>

#include <evprof/status.h>
#include <evprof/writer.h>

/*
 * A file that appears whole or not at all: what is written goes to a hidden
 * file beside it, which takes its name at the end. New files are for their
 * owner only (0600); one that is replaced keeps its mode. What is no regular
 * file, a pipe or a device, is written to directly, as is a file whose folder
 * takes no others. Messages begin with the file's name.
 */
typedef struct evprof_new_file {
    int fd;
    char *name; /* what it will be called, links followed */
    char *temp; /* what it is called until then; NULL: it is written directly */
    const char *shown; /* as the caller named it */
    int reason;        /* errno of the write that failed, or 0 */
} evprof_new_file_t;

/* Begins; `name` must outlive it. EVPROF_EIO, EVPROF_ENOMEM; then there is
 * nothing to end. */
int evprof_new_file_begin(evprof_new_file_t *f, const char *name,
                          evprof_error_t *err);

/* Writes to it, as long as it lives and is not ended. */
evprof_writer_t evprof_new_file_writer(evprof_new_file_t *f);

/*
 * Ends it. With `status` EVPROF_OK the file takes its name; else it vanishes,
 * and `status` is returned: EVPROF_EIO with a message that writing failed, and
 * why, others with `err` as it is.
 */
int evprof_new_file_end(evprof_new_file_t *f, int status, evprof_error_t *err);

#endif
