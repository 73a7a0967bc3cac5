/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slowest tasks, and where their time went. A wait is explained by the
 * goroutine that ended it: the view shows what that one did during the wait,
 * and follows its waits in turn. Spans that are short compared with the task
 * are only added up.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "core/timeline/print.h"
#include "core/timeline/views.h"

/* The greatest depth to which waits within waits are followed. */
#define DEPTH_MAX 6u
/* Spans shorter than this share of the task are only counted. */
#define SHARE 50
#define LOGS_SHOWN 4u

typedef struct path {
    const evprof_timeline_spans_t *s;
    evprof_buf_t *out;
    int64_t least_ns;
} path_t;

static void
put_span(const path_t *p, const evprof_timeline_span_t *span, int64_t ns,
         unsigned depth)
{
    evprof_timeline_put_time(p->out, ns, 10);
    evprof_buf_printf(p->out, "  %*s%-8s ", (int)(2 * depth), "",
                      evprof_timeline_state(span));
    evprof_timeline_put_goroutine(p->out, p->s, span->goroutine);
    if (span->state == EVPROF_GO_WAITING) {
        evprof_buf_puts(p->out, "  ");
        evprof_timeline_put_text(p->out, span->reason);
    }
    bool is_own = span->state != EVPROF_GO_RUNNABLE;
    if (is_own && span->stack != 0) {
        evprof_buf_puts(p->out, " in ");
        evprof_timeline_put_stack(p->out, p->s->t, span->stack);
    }
    evprof_buf_putc(p->out, '\n');
    if (span->waker != 0) {
        evprof_buf_printf(p->out, "%*sended by ", (int)(14 + 2 * depth), "");
        evprof_timeline_put_goroutine(p->out, p->s, span->waker - 1);
        if (span->waker_stack != 0) {
            evprof_buf_puts(p->out, " in ");
            evprof_timeline_put_stack(p->out, p->s->t, span->waker_stack);
        }
        evprof_buf_puts(p->out,
                        span->is_guess ? ", or another: several waited" : "");
        evprof_buf_putc(p->out, '\n');
    }
}

/* The first span of a goroutine that ends after a given time. */
static uint32_t
first_span(const evprof_timeline_spans_t *s,
           const evprof_timeline_goroutine_t *g, int64_t ns)
{
    uint32_t low = 0;
    uint32_t high = g->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->items[g->first + middle].end_ns <= ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Shows what a goroutine did from `start` to `end`. */
static void
follow(const path_t *p, uint32_t row, int64_t start, int64_t end,
       unsigned depth)
{
    const evprof_timeline_goroutine_t *g = &p->s->goroutines[row];
    size_t small = 0;
    int64_t small_ns = 0;
    for (uint32_t i = first_span(p->s, g, start); i < g->count; i++) {
        const evprof_timeline_span_t *span = &p->s->items[g->first + i];
        if (span->start_ns >= end) {
            break;
        }
        int64_t from = span->start_ns > start ? span->start_ns : start;
        int64_t to = span->end_ns < end ? span->end_ns : end;
        if (to - from < p->least_ns) {
            small++;
            small_ns += to - from;
            continue;
        }
        put_span(p, span, to - from, depth);
        if (span->waker != 0 && span->end_ns <= end && depth < DEPTH_MAX) {
            follow(p, span->waker - 1, from, to, depth + 1);
        }
    }
    if (small > 0) {
        evprof_timeline_put_time(p->out, small_ns, 10);
        evprof_buf_printf(p->out, "  %*sin %zu shorter ones\n",
                          (int)(2 * depth), "", small);
    }
}

static void
put_logs(const evprof_timeline_spans_t *s, uint64_t task, evprof_buf_t *out)
{
    size_t shown = 0;
    for (size_t i = 0; i < s->t->event_count && shown < LOGS_SHOWN; i++) {
        const evprof_timeline_event_t *event = &s->t->events[i];
        if (event->kind == EVPROF_TIMELINE_LOG && event->of == task) {
            evprof_buf_puts(out, ", ");
            evprof_timeline_put_text(out, event->text);
            evprof_buf_puts(out, event->text[0] != '\0' ? "=" : "");
            evprof_timeline_put_text(out, event->more);
            shown++;
        }
    }
}

static void
put_task(const evprof_timeline_spans_t *s, const evprof_timeline_mark_t *task,
         evprof_buf_t *out)
{
    int64_t start = task->start_ns > s->from_ns ? task->start_ns : s->from_ns;
    int64_t end = task->end_ns < s->to_ns ? task->end_ns : s->to_ns;
    const path_t p = { .s = s, .out = out, .least_ns = (end - start) / SHARE };
    uint32_t last =
        task->end_goroutine != 0 ? task->end_goroutine : task->start_goroutine;
    evprof_buf_putc(out, '\n');
    evprof_timeline_put_time(out, task->end_ns - task->start_ns, 10);
    evprof_buf_puts(out, "  task ");
    evprof_timeline_put_text(out, task->name);
    evprof_buf_printf(out, " (%" PRIu64 ") at ", task->task);
    evprof_timeline_put_moment(out, s, task->start_ns);
    put_logs(s, task->task, out);
    evprof_buf_puts(out, task->is_ended ? "\n" : ", which goes on\n");
    if (last != 0) {
        follow(&p, last - 1, start, end, 1);
    }
}

static int
by_length(const void *a, const void *b)
{
    const evprof_timeline_mark_t *one = *(evprof_timeline_mark_t *const *)a;
    const evprof_timeline_mark_t *other = *(evprof_timeline_mark_t *const *)b;
    int64_t length = one->end_ns - one->start_ns;
    int64_t other_length = other->end_ns - other->start_ns;
    if (length != other_length) {
        return length > other_length ? -1 : 1;
    }
    return one->start_ns < other->start_ns ? -1 : 1;
}

void
evprof_timeline_view_slowest(const evprof_timeline_spans_t *s, size_t limit,
                             evprof_buf_t *out)
{
    const evprof_timeline_mark_t **tasks =
        calloc(s->task_count + 1, sizeof(*tasks));
    size_t count = 0;
    if (tasks == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < s->task_count; i++) {
        if (evprof_timeline_within(s, s->tasks[i].start_ns,
                                   s->tasks[i].end_ns) > 0) {
            tasks[count++] = &s->tasks[i];
        }
    }
    qsort(tasks, count, sizeof(*tasks), by_length);
    if (count > 0) {
        evprof_buf_printf(out, "\nslowest of %zu tasks\n", count);
    }
    for (size_t i = 0; i < count && i < limit; i++) {
        put_task(s, tasks[i], out);
    }
    free(tasks);
}
