/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_STATUS_H
#define EVPROF_STATUS_H

/*
 * Statuses and errors. Every function that can fail returns 0 or one of these
 * negative values; what happened in words goes to an evprof_error_t that the
 * caller owns. Nothing is thread-local, nothing is printed.
 */

#ifdef __cplusplus
extern "C" {
#endif

#define EVPROF_STATUS_MAP(X)                                                   \
    X(EVPROF_OK, 0, "success")                                                 \
    X(EVPROF_EINVAL, -1, "invalid argument")                                   \
    X(EVPROF_ENOMEM, -2, "out of memory")                                      \
    X(EVPROF_EBUSY, -3, "already in use")                                      \
    X(EVPROF_ENOTSUP, -4, "not supported here")                                \
    X(EVPROF_ENOENT, -5, "not found")                                          \
    X(EVPROF_EIO, -6, "input or output failed")                                \
    X(EVPROF_ECANCELED, -7, "cancelled")                                       \
    X(EVPROF_EPERM, -8, "not allowed")                                         \
    X(EVPROF_EPARSE, -9, "malformed input")                                    \
    X(EVPROF_ELIMIT, -10, "a limit was exceeded")                              \
    X(EVPROF_ESTATE, -11, "not possible in this state")                        \
    X(EVPROF_EOFF, -12, "switched off by the configuration")

enum evprof_status {
#define EVPROF_STATUS_ENUM(name, value, text) name = (value),
    EVPROF_STATUS_MAP(EVPROF_STATUS_ENUM)
#undef EVPROF_STATUS_ENUM
};

/* Where a failing call says what failed, on what, and what to do about it. The
 * caller owns it; functions keep no pointer to it. */
typedef struct evprof_error {
    int status;        /* the negative status that the call returned */
    char message[256]; /* one line, lower case, no full stop, UTF-8 */
} evprof_error_t;

#ifdef __cplusplus
}
#endif

#endif
