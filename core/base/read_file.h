/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_READ_FILE_H
#define EVPROF_BASE_READ_FILE_H

/*
 * Files of any kind read as they are, those of /proc too, which have no size
 * before they are read. Interrupted reads are continued. Any thread; not in
 * handlers.
 */

#include <stddef.h>
#include <sys/types.h>

#include "core/base/buf.h"

/*
 * Appends what is left of the descriptor `fd`, `max_bytes` at most. EVPROF_EIO:
 * a read failed, errno says why; EVPROF_ELIMIT: there is more; EVPROF_ENOMEM.
 * What was read before a failure stays in the buffer.
 */
int evprof_read_fd(int fd, size_t max_bytes, evprof_buf_t *out);

/* The same for the whole file at `path`. EVPROF_EIO also where it cannot be
 * opened. */
int evprof_read_file(const char *path, size_t max_bytes, evprof_buf_t *out);

/*
 * Reads the beginning of a file as a string to `out`, which has room for `size`
 * bytes: by one read, which gives the files of /proc as they were at one
 * moment. `folder` is what a relative path is relative to, as for openat().
 * The number of bytes, or a negative errno; then `out` is "". Keeps errno.
 */
ssize_t evprof_read_start(int folder, const char *path, char *out, size_t size);

#endif
