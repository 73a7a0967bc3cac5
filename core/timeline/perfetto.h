/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_PERFETTO_H
#define EVPROF_TIMELINE_PERFETTO_H

#include <evprof/writer.h>

#include "core/timeline/spans.h"

/*
 * Writes what `s` is limited to as a trace of Perfetto, for ui.perfetto.dev:
 * for each goroutine a row of its regions and one of its states, arrows from
 * who woke to who was woken, a row a task, the size of the heap, and how many
 * ran. EVPROF_ENOMEM; what the writer returns.
 */
int evprof_timeline_perfetto(const evprof_timeline_spans_t *s,
                             const evprof_writer_t *out, evprof_error_t *err);

#endif
