/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_READ_SOURCE_H
#define EVPROF_CLI_READ_SOURCE_H

#include "adapters/cli/cli.h"

/* A reader of one format of sources. */
typedef struct cli_reader {
    /* Whether what begins so is worth reading to its end. */
    bool (*may_be)(const void *data, size_t len);
    /* Takes all of it, which is not kept; `name` is NULL where it came through
     * a pipe. */
    int (*read)(void *ctx, const char *name, const void *data, size_t len,
                evprof_error_t *err);
    void *ctx;
} cli_reader_t;

/*
 * Gives the bytes of a source to a reader: "-", a file or a pipe. MT-Safe. What
 * the reader returns; EVPROF_EIO, EVPROF_ELIMIT. The message says what is
 * wrong, not with which source.
 */
int cli_source_give(const cli_t *cli, const char *source,
                    const cli_reader_t *reader, evprof_error_t *err);

/*
 * Reads one source: "-", a file or a pipe; URLs are remote.h's. MT-Safe. The
 * message says what is wrong, not with which source.
 */
int cli_source_read(const cli_t *cli, const char *source, evprof_pprof_t **out,
                    evprof_error_t *err);

/* True for the first bytes of a perf.data file. */
bool cli_is_perf_data(const void *data, size_t len);

/* Reads such a file through perf. The message says what to do where that cannot
 * be. MT-Safe. */
int cli_perf_data_read(const char *file, evprof_pprof_t **out,
                       evprof_error_t *err);

#endif
