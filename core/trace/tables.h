/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_TABLES_H
#define EVPROF_TRACE_TABLES_H

#include <evprof/writer.h>

#include "core/profile/pprof.h"
#include "core/trace/generation.h"
#include "core/trace/order.h"

/*
 * Makes a profile of the stacks that the generations from `first` on name,
 * NULL: of all stacks. It is to be freed; sample i is the stack of number
 * samples[i].values[0]. EVPROF_ENOMEM.
 */
int evprof_trace_tables_stacks(const evprof_trace_order_t *order,
                               const evprof_trace_generation_t *first,
                               evprof_pprof_t **out, evprof_error_t *err);

/*
 * The same of all stacks; `name` gives it functions, files and lines, and
 * comments on what they lack. EVPROF_ENOMEM; what `name` returns.
 */
int evprof_trace_tables_name(const evprof_trace_order_t *order,
                             int (*name)(evprof_pprof_t *p,
                                         evprof_error_t *err),
                             evprof_pprof_t **out, evprof_error_t *err);

/*
 * Writes a trace, of which `written` generations were written before: the
 * header if none was, and from `first` on every generation with its batches and
 * with the tables of the stacks and texts that it names. `named` is the profile
 * of its stacks. EVPROF_ENOMEM; what the writer returns.
 */
int evprof_trace_tables_write(const evprof_trace_order_t *order,
                              const evprof_trace_generation_t *first,
                              uint64_t written, const evprof_pprof_t *named,
                              const evprof_writer_t *out, evprof_error_t *err);

#endif
