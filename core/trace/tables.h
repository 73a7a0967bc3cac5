/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_TABLES_H
#define EVPROF_TRACE_TABLES_H

#include <evprof/writer.h>

#include "core/profile/pprof.h"
#include "core/trace/generation.h"
#include "core/trace/order.h"

/*
 * Writes a trace: the header, and from `first` on every generation with its
 * batches and with the tables of the stacks and texts that it names. `name`
 * gives the profile of all stacks functions, files and lines. EVPROF_ENOMEM;
 * what `name` and the writer return.
 */
int evprof_trace_tables_write(const evprof_trace_order_t *order,
                              const evprof_trace_generation_t *first,
                              int (*name)(evprof_pprof_t *p,
                                          evprof_error_t *err),
                              const evprof_writer_t *out, evprof_error_t *err);

#endif
