/* SPDX-License-Identifier: Apache-2.0 */
/* Frames without a name are shown by their address. */
#include "core/timeline/print.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/unit.h"
#include "core/base/visible.h"

/* More of a stack does not fit a line. */
#define FRAMES_SHOWN 8u

void
evprof_timeline_put_time(evprof_buf_t *out, int64_t ns, int width)
{
    evprof_buf_t text = { 0 };
    evprof_unit_format(&text, ns, "nanoseconds", "auto");
    evprof_buf_printf(out, "%*s", width, text.failed ? "" : text.data);
    out->failed = out->failed || text.failed;
    evprof_buf_free(&text);
}

void
evprof_timeline_put_moment(evprof_buf_t *out, const evprof_timeline_spans_t *s,
                           int64_t ns)
{
    int64_t us = (ns - s->t->start_ns) / 1000;
    evprof_buf_printf(out, "%" PRId64 ".%06" PRId64 "s", us / 1000000,
                      us % 1000000);
}

void
evprof_timeline_put_text(evprof_buf_t *out, const char *text)
{
    evprof_visible_add(out, text, strlen(text), "");
}

void
evprof_timeline_put_goroutine(evprof_buf_t *out,
                              const evprof_timeline_spans_t *s, uint32_t row)
{
    const evprof_timeline_goroutine_t *g = &s->goroutines[row];
    evprof_timeline_put_text(out, g->name[0] != '\0' ? g->name : "?");
    evprof_buf_printf(out, " (%" PRIu64 ")", g->id);
}

void
evprof_timeline_put_stack(evprof_buf_t *out, const evprof_timeline_t *t,
                          uint32_t stack)
{
    uint32_t count = stack == 0 ? 0 : t->stacks[stack].count;
    for (uint32_t i = 0; i < count; i++) {
        const evprof_timeline_frame_t *frame =
            evprof_timeline_frame(t, stack, i);
        evprof_buf_puts(out, i > 0 ? " < " : "");
        if (i == FRAMES_SHOWN) {
            evprof_buf_puts(out, "...");
            return;
        }
        if (frame->function[0] == '\0') {
            evprof_buf_printf(out, "0x%" PRIx64, frame->pc);
        } else {
            evprof_timeline_put_text(out, frame->function);
        }
    }
}

const char *
evprof_timeline_noun(const evprof_timeline_t *t)
{
    return t->is_native ? "thread" : "goroutine";
}

const char *
evprof_timeline_state(const evprof_timeline_span_t *span)
{
    switch (span->state) {
    case EVPROF_GO_RUNNING:
        return "running";
    case EVPROF_GO_RUNNABLE:
        return "ready";
    case EVPROF_GO_SYSCALL:
        return "syscall";
    default:
        return "waiting";
    }
}
