/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_PERF_LINE_H
#define EVPROF_ANALYSIS_PERF_LINE_H

/*
 * The lines of `perf script`. What a line holds depends on `-F`, so that only
 * an event's time, or its name with a colon behind it, tells what else there
 * is: before it stand the thread's name and number, after it the fields of a
 * tracepoint, or one frame where stacks are not printed.
 */

#include "core/analysis/lines.h"

typedef struct evprof_perf_event {
    evprof_span_t thread; /* its name, "" where none is printed */
    evprof_span_t name;   /* without the last colon, "" where none is printed */
    evprof_span_t rest;   /* what follows */
    bool has_time;
    bool has_period;
    double seconds;
    int64_t period;
} evprof_perf_event_t;

typedef struct evprof_perf_frame {
    uint64_t address;
    evprof_span_t symbol; /* "[unknown]" where there is none */
    evprof_span_t module; /* the file, "" where none is printed */
    bool is_inlined;
} evprof_perf_frame_t;

/* True when the line is an event by its time or its name. */
bool evprof_perf_read_event(evprof_span_t line, evprof_perf_event_t *out);

/* The same for a line that has neither, as `-F comm,ip` prints: the first of a
 * block, before frames. */
bool evprof_perf_read_title(evprof_span_t line, evprof_perf_event_t *out);

/* "    ADDRESS symbol+0x12 (file)", all but the address optional. */
bool evprof_perf_read_frame(evprof_span_t line, evprof_perf_frame_t *out);

/* "  file:line", of the frame before it. `file` is empty for "??:0". */
bool evprof_perf_read_place(evprof_span_t line, evprof_span_t *file,
                            int64_t *number, bool *is_inlined);

/* True for what `perf script` prints beside events and frames: registers,
 * bytes of instructions, source text, records of mappings and of threads. */
bool evprof_perf_is_extra(evprof_span_t line);

/* True when the name is that of a tracepoint, "group:name". */
bool evprof_perf_is_tracepoint(evprof_span_t name);

/*
 * Takes the next field of a tracepoint from `rest`: "key: value, " or
 * "key=value ". A text that has no fields is one without a key.
 */
bool evprof_perf_take_field(evprof_span_t *rest, evprof_span_t *key,
                            evprof_span_t *value);

#endif
