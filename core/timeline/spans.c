/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A span begins where a goroutine enters a state and ends where it enters
 * another one; an event that repeats the state does not end it. Spans are found
 * in the order of their ends, then grouped by goroutine.
 */
#include "core/timeline/spans.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"

/* A goroutine while events go by. */
typedef struct current {
    const evprof_timeline_event_t *since; /* NULL: no state yet */
    size_t woken;   /* its latest span that another ended, + 1; 0: none */
    uint32_t *open; /* regions, the innermost last: index */
    size_t open_count;
    size_t open_cap;
} current_t;

typedef struct making {
    evprof_timeline_spans_t *s;
    current_t *currents; /* by row */
    size_t current_cap;
    evprof_timeline_map_t tasks;
    uint32_t *task_of; /* by row of `tasks`: the latest of that id */
    size_t task_of_cap;
} making_t;

uint32_t
evprof_timeline_row(const evprof_timeline_spans_t *s, uint64_t id)
{
    return id == EVPROF_TIMELINE_NONE ? EVPROF_INDEX_END
                                      : evprof_timeline_map_find(&s->ids, id);
}

static uint32_t
row_plus_one(const evprof_timeline_spans_t *s, uint64_t id)
{
    uint32_t row = evprof_timeline_row(s, id);
    return row == EVPROF_INDEX_END ? 0 : row + 1;
}

/* ---- Goroutines ---- */

/* EVPROF_INDEX_END: out of memory. */
static uint32_t
add_goroutine(making_t *m, uint64_t id)
{
    evprof_timeline_spans_t *s = m->s;
    uint32_t row = evprof_timeline_map_find(&s->ids, id);
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    size_t need = s->ids.count + 1;
    evprof_timeline_goroutine_t *goroutines = evprof_grow(
        s->goroutines, &s->goroutine_cap, need, sizeof(*goroutines));
    if (goroutines != NULL) {
        s->goroutines = goroutines;
    }
    current_t *currents =
        evprof_grow(m->currents, &m->current_cap, need, sizeof(*currents));
    if (currents != NULL) {
        m->currents = currents;
    }
    if (goroutines == NULL || currents == NULL) {
        return EVPROF_INDEX_END;
    }
    row = evprof_timeline_map_add(&s->ids, id);
    if (row != EVPROF_INDEX_END) {
        goroutines[row] = (evprof_timeline_goroutine_t){
            .id = id, .name = "", .start_ns = s->t->start_ns
        };
        currents[row] = (current_t){ .since = NULL };
    }
    return row;
}

static bool
add_span(making_t *m, uint32_t row, const evprof_timeline_event_t *end,
         int64_t end_ns)
{
    evprof_timeline_spans_t *s = m->s;
    const evprof_timeline_event_t *since = m->currents[row].since;
    evprof_timeline_span_t *grown =
        evprof_grow(s->items, &s->cap, s->count + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    bool is_woken = end != NULL && since->to == EVPROF_GO_WAITING &&
                    end->to == EVPROF_GO_RUNNABLE && end->by != end->of;
    s->items = grown;
    s->items[s->count++] = (evprof_timeline_span_t){
        .start_ns = since->ns,
        .end_ns = end_ns,
        .goroutine = row,
        .waker = is_woken ? row_plus_one(s, end->by) : 0,
        .waker_stack = is_woken ? end->stack : 0,
        .stack = since->stack,
        .reason = since->text,
        .state = since->to,
        .is_open = end == NULL,
        .is_early = !s->goroutines[row].has_run,
    };
    s->goroutines[row].count++;
    m->currents[row].woken = is_woken ? s->count : m->currents[row].woken;
    return true;
}

/* The recorder marks a finished wait whose waker is not certain. */
static void
take_log(making_t *m, const evprof_timeline_event_t *event)
{
    uint32_t row = evprof_timeline_row(m->s, event->by);
    if (row != EVPROF_INDEX_END && m->currents[row].woken != 0 &&
        strcmp(event->text, "evprof: waker") == 0) {
        m->s->items[m->currents[row].woken - 1].is_guess = true;
    }
}

static bool
take_state(making_t *m, const evprof_timeline_event_t *event)
{
    uint32_t row = add_goroutine(m, event->of);
    if (row == EVPROF_INDEX_END) {
        return false;
    }
    evprof_timeline_goroutine_t *g = &m->s->goroutines[row];
    current_t *c = &m->currents[row];
    /* An unwound stack may end too early and then has the wrong root. A stack
     * that reaches main() is complete, so its root replaces an earlier one. */
    const char *root = evprof_timeline_root(m->s->t, event->own_stack);
    if (g->name[0] == '\0' || strcmp(root, "main") == 0) {
        g->name = root;
    }
    if (event->from == EVPROF_GO_GONE) {
        g->creator = row_plus_one(m->s, event->by);
        g->start_ns = event->ns;
        g->is_made = true;
        g->has_run = false;
    }
    if (c->since != NULL && c->since->to == event->to) {
        return true;
    }
    bool is_added = c->since == NULL || add_span(m, row, event, event->ns);
    c->since = event->to == EVPROF_GO_GONE ? NULL : event;
    g->has_run = g->has_run || event->to == EVPROF_GO_RUNNING;
    g->end_ns = event->ns;
    g->is_ended = event->to == EVPROF_GO_GONE;
    return is_added;
}

/* ---- Tasks and regions ---- */

static bool
add_mark(evprof_timeline_mark_t **items, size_t *count, size_t *cap,
         const evprof_timeline_mark_t *mark)
{
    evprof_timeline_mark_t *grown =
        evprof_grow(*items, cap, *count + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    grown[(*count)++] = *mark;
    return true;
}

static evprof_timeline_mark_t
mark_of(const evprof_timeline_spans_t *s, const evprof_timeline_event_t *event)
{
    return (evprof_timeline_mark_t){
        .task = event->of,
        .parent = event->value,
        .name = event->text,
        .start_ns = s->t->start_ns,
        .end_ns = s->t->end_ns,
        .stack = event->stack,
    };
}

static bool
begin_task(making_t *m, const evprof_timeline_event_t *event)
{
    evprof_timeline_spans_t *s = m->s;
    evprof_timeline_mark_t mark = mark_of(s, event);
    uint32_t row = evprof_timeline_map_find(&m->tasks, event->of);
    uint32_t *grown = evprof_grow(m->task_of, &m->task_of_cap,
                                  m->tasks.count + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    m->task_of = grown;
    if (row == EVPROF_INDEX_END) {
        row = evprof_timeline_map_add(&m->tasks, event->of);
    }
    if (row == EVPROF_INDEX_END) {
        return false;
    }
    m->task_of[row] = (uint32_t)s->task_count;
    mark.start_ns = event->ns;
    mark.start_goroutine = row_plus_one(s, event->by);
    mark.is_begun = true;
    return add_mark(&s->tasks, &s->task_count, &s->task_cap, &mark);
}

/* Of a task that began before the trace only the number is known. */
static bool
end_task(making_t *m, const evprof_timeline_event_t *event)
{
    evprof_timeline_spans_t *s = m->s;
    uint32_t row = evprof_timeline_map_find(&m->tasks, event->of);
    evprof_timeline_mark_t *task =
        row == EVPROF_INDEX_END ? NULL : &s->tasks[m->task_of[row]];
    if (task != NULL && !task->is_ended) {
        task->end_ns = event->ns;
        task->end_goroutine = row_plus_one(s, event->by);
        task->is_ended = true;
    }
    return true;
}

static bool
begin_region(making_t *m, const evprof_timeline_event_t *event)
{
    evprof_timeline_spans_t *s = m->s;
    uint32_t row = add_goroutine(m, event->by);
    if (row == EVPROF_INDEX_END) {
        return false;
    }
    current_t *c = &m->currents[row];
    uint32_t *grown =
        evprof_grow(c->open, &c->open_cap, c->open_count + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    evprof_timeline_mark_t mark = mark_of(s, event);
    mark.start_ns = event->ns;
    mark.start_goroutine = row + 1;
    mark.end_goroutine = row + 1;
    mark.depth = (uint32_t)c->open_count;
    mark.is_begun = true;
    c->open = grown;
    c->open[c->open_count++] = (uint32_t)s->region_count;
    return add_mark(&s->regions, &s->region_count, &s->region_cap, &mark);
}

static bool
end_region(making_t *m, const evprof_timeline_event_t *event)
{
    evprof_timeline_spans_t *s = m->s;
    uint32_t row = add_goroutine(m, event->by);
    if (row == EVPROF_INDEX_END) {
        return false;
    }
    current_t *c = &m->currents[row];
    if (c->open_count > 0) {
        evprof_timeline_mark_t *region = &s->regions[c->open[--c->open_count]];
        region->end_ns = event->ns;
        region->is_ended = true;
        return true;
    }
    evprof_timeline_mark_t mark = mark_of(s, event);
    mark.end_ns = event->ns;
    mark.start_goroutine = row + 1;
    mark.end_goroutine = row + 1;
    mark.is_ended = true;
    return add_mark(&s->regions, &s->region_count, &s->region_cap, &mark);
}

/* ---- All of it ---- */

static bool
take(making_t *m, const evprof_timeline_event_t *event)
{
    switch ((enum evprof_timeline_kind)event->kind) {
    case EVPROF_TIMELINE_STATE:
        return take_state(m, event);
    case EVPROF_TIMELINE_TASK_BEGIN:
        return begin_task(m, event);
    case EVPROF_TIMELINE_TASK_END:
        return end_task(m, event);
    case EVPROF_TIMELINE_REGION_BEGIN:
        return begin_region(m, event);
    case EVPROF_TIMELINE_REGION_END:
        return end_region(m, event);
    case EVPROF_TIMELINE_LOG:
        take_log(m, event);
        return true;
    case EVPROF_TIMELINE_LABEL:
    case EVPROF_TIMELINE_HEAP:
    case EVPROF_TIMELINE_SAMPLE:
    default:
        return true;
    }
}

/* Groups the spans by goroutine. The spans of one goroutine are in order
 * already. */
static bool
group(evprof_timeline_spans_t *s)
{
    evprof_timeline_span_t *grouped = calloc(s->count + 1, sizeof(*grouped));
    uint32_t at = 0;
    if (grouped == NULL) {
        return false;
    }
    for (size_t i = 0; i < s->ids.count; i++) {
        s->goroutines[i].first = at;
        at += s->goroutines[i].count;
        s->goroutines[i].count = 0;
    }
    for (size_t i = 0; i < s->count; i++) {
        evprof_timeline_goroutine_t *g = &s->goroutines[s->items[i].goroutine];
        grouped[g->first + g->count++] = s->items[i];
    }
    free(s->items);
    s->items = grouped;
    return true;
}

static bool
make(making_t *m)
{
    const evprof_timeline_t *t = m->s->t;
    for (size_t i = 0; i < t->event_count; i++) {
        if (!take(m, &t->events[i])) {
            return false;
        }
    }
    for (uint32_t row = 0; row < m->s->ids.count; row++) {
        if (m->currents[row].since == NULL) {
            continue;
        }
        m->s->goroutines[row].end_ns = t->end_ns;
        if (!add_span(m, row, NULL, t->end_ns)) {
            return false;
        }
    }
    return group(m->s);
}

int
evprof_timeline_spans_make(const evprof_timeline_t *t,
                           evprof_timeline_spans_t *out, evprof_error_t *err)
{
    *out = (evprof_timeline_spans_t){ .t = t,
                                      .from_ns = t->start_ns,
                                      .to_ns = t->end_ns };
    making_t m = { .s = out };
    bool is_made = make(&m);
    for (size_t i = 0; i < out->ids.count; i++) {
        free(m.currents[i].open);
    }
    free(m.currents);
    free(m.task_of);
    evprof_timeline_map_free(&m.tasks);
    if (!is_made) {
        evprof_timeline_spans_free(out);
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    return EVPROF_OK;
}

void
evprof_timeline_spans_free(evprof_timeline_spans_t *s)
{
    evprof_timeline_map_free(&s->ids);
    free(s->goroutines);
    free(s->items);
    free(s->tasks);
    free(s->regions);
    *s = (evprof_timeline_spans_t){ .t = NULL };
}

int64_t
evprof_timeline_within(const evprof_timeline_spans_t *s, int64_t start_ns,
                       int64_t end_ns)
{
    int64_t start = start_ns > s->from_ns ? start_ns : s->from_ns;
    int64_t end = end_ns < s->to_ns ? end_ns : s->to_ns;
    return end > start ? end - start : 0;
}
