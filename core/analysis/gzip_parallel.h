/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_GZIP_PARALLEL_H
#define EVPROF_ANALYSIS_GZIP_PARALLEL_H

#include <stddef.h>

#include <evprof/status.h>
#include <evprof/writer.h>

/*
 * Compresses `data` to `out` as one gzip member, on all processors where that
 * pays. What the writer returned, or EVPROF_ENOMEM.
 */
int evprof_gzip_parallel(const void *data, size_t len,
                         const evprof_writer_t *out, evprof_error_t *err);

#endif
