/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_TEXT_CONTENTION_H
#define EVPROF_RUNTIME_TEXT_CONTENTION_H

#include <evprof/status.h>
#include <evprof/writer.h>

#include "core/sample/contention.h"

/*
 * Writes what was recorded of `kind` as Go's debug=1 text: "--- TITLE:", what
 * scales the numbers, and for each stack its delay, its count and its frames,
 * the longest delay first. On the worker. EVPROF_ENOMEM, or what `out`
 * returned.
 */
int evprof_text_contention(enum evprof_contention_kind kind, const char *title,
                           const evprof_writer_t *out, evprof_error_t *err);

#endif
