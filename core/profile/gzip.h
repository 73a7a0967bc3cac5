/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_GZIP_H
#define EVPROF_PROFILE_GZIP_H

#include <evprof/status.h>
#include <evprof/writer.h>

/*
 * A stream that compresses what it is given, as Go's gzip.BestSpeed writer
 * does: level 1, no time stamp, operating system unknown.
 */
typedef struct evprof_gzip evprof_gzip_t;

/* `out` is borrowed until free. NULL: out of memory. */
evprof_gzip_t *evprof_gzip_new(const evprof_writer_t *out);

/* What the writer returned; after a failure only free is allowed. */
int evprof_gzip_write(evprof_gzip_t *gz, const void *data, size_t len);

/* Writes what is left and the trailer. What the writer returned. */
int evprof_gzip_end(evprof_gzip_t *gz);

/* Frees the compressor; NULL is ignored. */
void evprof_gzip_free(evprof_gzip_t *gz);

#endif
