/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PROCESS_H
#define EVPROF_BASE_PROCESS_H

#include "core/base/buf.h"

#include <evprof/status.h>

/*
 * Runs a program with `input` on its standard input until it ends, and appends
 * what it writes to `out`; its standard error is ours. EVPROF_ENOENT: there is
 * no such program; EVPROF_EIO: it failed, the message says how; EVPROF_ELIMIT:
 * it was stopped after `limit_ms`; EVPROF_ENOMEM. MT-Safe. No SIGPIPE is
 * raised when it stops reading early.
 */
int evprof_process_filter(char *const argv[], const evprof_buf_t *input,
                          int limit_ms, evprof_buf_t *out, evprof_error_t *err);

#endif
