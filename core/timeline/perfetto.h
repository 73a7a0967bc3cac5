/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_PERFETTO_H
#define EVPROF_TIMELINE_PERFETTO_H

#include <evprof/writer.h>

#include "core/timeline/spans.h"

/*
 * Writes the part of the timeline that `s` is limited to in the format of
 * ui.perfetto.dev: for each goroutine a row of regions and a row of states,
 * arrows from wakers to the goroutines they woke, a row for each task, the heap
 * size, and the number of running goroutines. EVPROF_ENOMEM; what the writer
 * returns.
 */
int evprof_timeline_perfetto(const evprof_timeline_spans_t *s,
                             const evprof_writer_t *out, evprof_error_t *err);

#endif
