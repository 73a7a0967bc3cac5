/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_GZIP_H
#define EVPROF_PROFILE_GZIP_H

#include <evprof/status.h>
#include <evprof/writer.h>

/*
 * A compressing stream that writes what Go's gzip.BestSpeed writer would: level
 * 1, no time stamp, operating system unknown.
 */
typedef struct evprof_gzip evprof_gzip_t;

/* Makes a stream to `out`, which must live until it is freed. NULL: out of
 * memory. */
evprof_gzip_t *evprof_gzip_new(const evprof_writer_t *out);

/* Compresses `len` bytes. Returns the writer's status; after a failure only
 * free may be called. */
int evprof_gzip_write(evprof_gzip_t *gz, const void *data, size_t len);

/* Writes the rest and the trailer. Returns the writer's status. */
int evprof_gzip_end(evprof_gzip_t *gz);

/* Frees the compressor; NULL is ignored. */
void evprof_gzip_free(evprof_gzip_t *gz);

#endif
