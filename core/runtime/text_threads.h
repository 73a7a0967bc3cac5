/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_TEXT_THREADS_H
#define EVPROF_RUNTIME_TEXT_THREADS_H

#include "core/base/buf.h"
#include "core/sample/dump.h"

/*
 * Appends a block for each thread of the dump, that of `first` (a kernel id, 0:
 * none) before all others: what it is, its stack with files and lines, and who
 * created it. On the worker. EVPROF_ENOMEM, or why there are no symbols.
 */
int evprof_text_threads(const evprof_dump_t *dump, pid_t first,
                        evprof_buf_t *out, evprof_error_t *err);

#endif
