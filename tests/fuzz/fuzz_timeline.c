/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of execution traces, and every view and profile of what it takes:
 * times increase, stacks and goroutines are there, and profiles pass their
 * check.
 */
#include <stdlib.h>
#include <string.h>

#include "core/timeline/perfetto.h"
#include "core/timeline/profile.h"
#include "core/timeline/views.h"
#include "tests/fuzz/fuzz.h"

static void
check_events(const evprof_timeline_t *t)
{
    int64_t last = -1;
    for (size_t i = 0; i < t->event_count; i++) {
        const evprof_timeline_event_t *event = &t->events[i];
        size_t stacks = t->stack_count > 0 ? t->stack_count : 1;
        if (event->ns <= last || event->stack >= stacks ||
            event->own_stack >= stacks || event->text == NULL ||
            event->more == NULL) {
            abort();
        }
        last = event->ns;
    }
}

static void
check_views(const evprof_timeline_spans_t *s)
{
    evprof_buf_t out = { 0 };
    evprof_timeline_view_states(s, 5, &out);
    evprof_timeline_view_slowest(s, 5, &out);
    evprof_timeline_view_latency(s, 5, &out);
    evprof_timeline_view_wakers(s, 5, &out);
    evprof_buf_clear(&out);
    const evprof_writer_t writer = evprof_writer_buf(&out);
    evprof_timeline_perfetto(s, &writer, NULL);
    evprof_buf_free(&out);
    static const char *const kinds[] = { "net",   "sync",   "syscall",
                                         "sched", "region", "task" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        evprof_pprof_t *p = NULL;
        if (evprof_timeline_profile(s, kinds[i], &p, NULL) == EVPROF_OK) {
            if (evprof_pprof_check(p, NULL) != EVPROF_OK) {
                abort();
            }
            evprof_pprof_free(p);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    evprof_timeline_t *t = NULL;
    evprof_error_t err;
    if (evprof_timeline_read(data, len, &t, &err) != EVPROF_OK) {
        return 0;
    }
    evprof_timeline_spans_t s;
    check_events(t);
    if (evprof_timeline_spans_make(t, &s, NULL) == EVPROF_OK) {
        check_views(&s);
        s.from_ns = t->start_ns + (t->end_ns - t->start_ns) / 3;
        s.to_ns = t->start_ns + (t->end_ns - t->start_ns) / 2;
        check_views(&s);
        evprof_timeline_spans_free(&s);
    }
    evprof_timeline_free(t);
    return 0;
}
