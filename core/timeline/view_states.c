/* SPDX-License-Identifier: Apache-2.0 */
/* The table of goroutines: how long each one was in each state. The reason of a
 * wait decides in which column it counts. */
#include <stdlib.h>
#include <string.h>

#include "core/timeline/print.h"
#include "core/timeline/views.h"

enum column { RUNNING, READY, SYSCALL, SYNC, NETWORK, SLEEP, OTHER, COLUMNS };

static const char *const headings[COLUMNS] = { "running", "ready",   "syscall",
                                               "sync",    "network", "sleep",
                                               "other" };

typedef struct states {
    uint32_t row;
    int64_t ns[COLUMNS];
    size_t waits;
} states_t;

#define WIDTH 10

static enum column
column_of(const evprof_timeline_span_t *span)
{
    switch (span->state) {
    case EVPROF_GO_RUNNING:
        return RUNNING;
    case EVPROF_GO_RUNNABLE:
        return READY;
    case EVPROF_GO_SYSCALL:
        return SYSCALL;
    default:
        break;
    }
    if (strcmp(span->reason, "network") == 0) {
        return NETWORK;
    }
    if (strcmp(span->reason, "sleep") == 0) {
        return SLEEP;
    }
    bool is_sync = strstr(span->reason, "sync") != NULL ||
                   strstr(span->reason, "chan") != NULL ||
                   strstr(span->reason, "select") != NULL;
    return is_sync ? SYNC : OTHER;
}

static int64_t
total_of(const states_t *states)
{
    int64_t total = 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        total += states->ns[i];
    }
    return total;
}

/* Orders by the time spent running, then by the time of existence, longest
 * first. */
static int
by_running(const void *a, const void *b)
{
    const states_t *one = a;
    const states_t *other = b;
    if (one->ns[RUNNING] != other->ns[RUNNING]) {
        return one->ns[RUNNING] > other->ns[RUNNING] ? -1 : 1;
    }
    if (total_of(one) != total_of(other)) {
        return total_of(one) > total_of(other) ? -1 : 1;
    }
    return one->row < other->row ? -1 : one->row > other->row;
}

static states_t
add_up(const evprof_timeline_spans_t *s, uint32_t row)
{
    const evprof_timeline_goroutine_t *g = &s->goroutines[row];
    states_t states = { .row = row };
    for (uint32_t i = 0; i < g->count; i++) {
        const evprof_timeline_span_t *span = &s->items[g->first + i];
        int64_t ns = evprof_timeline_within(s, span->start_ns, span->end_ns);
        states.ns[column_of(span)] += ns;
        states.waits += ns > 0 && span->state == EVPROF_GO_WAITING;
    }
    return states;
}

static void
put_row(const evprof_timeline_spans_t *s, const states_t *states,
        evprof_buf_t *out)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        evprof_timeline_put_time(out, states->ns[i], WIDTH);
    }
    evprof_buf_printf(out, "%8zu  ", states->waits);
    evprof_timeline_put_goroutine(out, s, states->row);
    evprof_buf_putc(out, '\n');
}

void
evprof_timeline_view_states(const evprof_timeline_spans_t *s, size_t limit,
                            evprof_buf_t *out)
{
    states_t *rows = calloc(s->ids.count + 1, sizeof(*rows));
    size_t count = 0;
    if (rows == NULL) {
        out->failed = true;
        return;
    }
    for (uint32_t i = 0; i < s->ids.count; i++) {
        rows[count] = add_up(s, i);
        count += total_of(&rows[count]) > 0;
    }
    qsort(rows, count, sizeof(*rows), by_running);
    for (size_t i = 0; i < COLUMNS; i++) {
        evprof_buf_printf(out, "%*s", WIDTH, headings[i]);
    }
    evprof_buf_printf(out, "   waits  %s\n", evprof_timeline_noun(s->t));
    for (size_t i = 0; i < count && i < limit; i++) {
        put_row(s, &rows[i], out);
    }
    if (count > limit) {
        evprof_buf_printf(out, "and %zu more\n", count - limit);
    }
    free(rows);
}
