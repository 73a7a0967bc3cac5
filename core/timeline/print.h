/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_PRINT_H
#define EVPROF_TIMELINE_PRINT_H

#include "core/base/buf.h"
#include "core/timeline/spans.h"

/* How times, goroutines and stacks read in the views of a timeline. Names come
 * from the file and are made visible. */

/* A length of time with its unit, flushed right in `width` columns. */
void evprof_timeline_put_time(evprof_buf_t *out, int64_t ns, int width);

/* A moment as -from and -to take it: "1.204512s" from the trace's start. */
void evprof_timeline_put_moment(evprof_buf_t *out,
                                const evprof_timeline_spans_t *s, int64_t ns);

/* A text of the file. */
void evprof_timeline_put_text(evprof_buf_t *out, const char *text);

/* "worker (1203)". */
void evprof_timeline_put_goroutine(evprof_buf_t *out,
                                   const evprof_timeline_spans_t *s,
                                   uint32_t row);

/* A stack on one line, leaf first: "lock < get < serve"; nothing for none. */
void evprof_timeline_put_stack(evprof_buf_t *out, const evprof_timeline_t *t,
                               uint32_t stack);

/* The state of a span: "running", "ready", "syscall" or "waiting". Static. */
const char *evprof_timeline_state(const evprof_timeline_span_t *span);

/* What one of several is called: "thread" or "goroutine". */
const char *evprof_timeline_noun(const evprof_timeline_t *t);

#endif
