/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_ERROR_H
#define EVPROF_BASE_ERROR_H

#include <stddef.h>

#include <evprof/status.h>

/*
 * Fills `err` (may be NULL) with `status` and a message, cut to what fits, and
 * returns `status`, so that a failing function ends in
 * `return evprof_fail(err, EVPROF_EIO, "heap: ...")`.
 */
int evprof_fail(evprof_error_t *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What the system calls error number `code`, in the lower case of our messages:
 * "no such file or directory". MT-Safe; `out` has room for `size` bytes and is
 * returned.
 */
const char *evprof_errno_text(int code, char *out, size_t size);

#define EVPROF_ERRNO_TEXT_SIZE 96

/* The text of a status from EVPROF_STATUS_MAP, "unknown status" for others. */
const char *evprof_status_text(int status);

#endif
