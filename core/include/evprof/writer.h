/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WRITER_H
#define EVPROF_WRITER_H

#include <stddef.h>
#include <stdio.h>

#include <evprof/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where bytes go. `write` takes all `len` bytes or fails: it returns 0, or a
 * negative status, after which it is not called again. It runs on the thread
 * that called the function it was given to. The structure is copied; what `ctx`
 * points to is the caller's and lives until that function has returned.
 */
typedef struct evprof_writer {
    int (*write)(void *ctx, const void *data, size_t len);
    void *ctx;
} evprof_writer_t;

/*
 * A writer to the file descriptor `fd`, which the caller keeps and closes.
 * Interrupted and partial writes are continued. A failed write gives
 * EVPROF_EIO. MT-Safe.
 */
EVPROF_API evprof_writer_t evprof_writer_fd(int fd);

/*
 * A writer to the stdio stream `file`, which the caller keeps, flushes and
 * closes. A short
 * write gives EVPROF_EIO. As thread-safe as stdio is.
 */
EVPROF_API evprof_writer_t evprof_writer_file(FILE *file);

#ifdef __cplusplus
}
#endif

#endif
