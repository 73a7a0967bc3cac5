/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is read one generation after the other. A heap, ordered by time, holds
 * the next event of each M, and the earliest one that fits the states is taken.
 * Equal times are resolved in the order of Go's own reader, so that times which
 * have to be moved apart come out the same.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/timeline/order.h"

#define HEADER_LEN EVPROF_GO_TRACE_HEADER_LEN

/* ---- The events of one M ---- */

typedef struct cursor {
    uint64_t m;
    uint32_t batch; /* that is read, + 1; 0: no more */
    evprof_timeline_bytes_t bytes;
    int64_t last_ns;
    evprof_timeline_raw_t event;
} cursor_t;

enum moved { MOVED, AT_END, BROKEN };

static enum moved
move_on(cursor_t *c, const evprof_timeline_generation_t *g)
{
    uint64_t ticks;
    while (c->batch != 0 && c->bytes.at == c->bytes.end) {
        c->batch = g->batches[c->batch - 1].next;
        c->last_ns = 0;
        if (c->batch != 0) {
            c->bytes = g->batches[c->batch - 1].bytes;
        }
    }
    if (c->batch == 0) {
        return AT_END;
    }
    if (c->last_ns == 0) {
        c->last_ns = evprof_timeline_ns(g, g->batches[c->batch - 1].time);
    }
    if (!evprof_timeline_raw_read(&c->bytes, &c->event, &ticks)) {
        return BROKEN;
    }
    int64_t passed = evprof_timeline_ns(g, ticks);
    if (passed > INT64_MAX / 2 - c->last_ns) {
        return BROKEN;
    }
    c->event.ns = c->last_ns + passed;
    c->last_ns = c->event.ns;
    return MOVED;
}

/* ---- The heap of all Ms ---- */

typedef struct frontier {
    cursor_t **items;
    size_t count;
} frontier_t;

static void
swap(frontier_t *f, size_t a, size_t b)
{
    cursor_t *kept = f->items[a];
    f->items[a] = f->items[b];
    f->items[b] = kept;
}

static int64_t
ns_at(const frontier_t *f, size_t at)
{
    return at < f->count ? f->items[at]->event.ns : INT64_MAX;
}

/* Where it comes to lie. */
static size_t
sift_up(frontier_t *f, size_t at)
{
    while (at > 0 && ns_at(f, (at - 1) / 2) > ns_at(f, at)) {
        swap(f, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    return at;
}

static void
sift_down(frontier_t *f, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            least = ns_at(f, child) < ns_at(f, least) ? child : least;
        }
        if (least == at) {
            return;
        }
        swap(f, at, least);
        at = least;
    }
}

static void
take_out(frontier_t *f, size_t at)
{
    while (at > 0) {
        swap(f, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    swap(f, 0, f->count - 1);
    f->count--;
    sift_down(f, 0);
}

/* Sorts the heap by time without changing the order of equal times. A sorted
 * array is a heap. */
static void
sort(frontier_t *f)
{
    for (size_t i = 1; i < f->count; i++) {
        for (size_t at = i; at > 0 && ns_at(f, at - 1) > ns_at(f, at); at--) {
            swap(f, at, at - 1);
        }
    }
}

/* ---- One generation ---- */

typedef struct reading {
    evprof_timeline_t *t;
    evprof_timeline_order_t order;
    evprof_timeline_generation_t generation;
    cursor_t *cursors;
    frontier_t frontier;
    evprof_error_t *err;
} reading_t;

static int
fail_event(const reading_t *r, const char *why)
{
    return evprof_fail(r->err, EVPROF_EPARSE, "in its generation %llu %s",
                       (unsigned long long)r->generation.number, why);
}

/* Puts the first events of all Ms into the heap. */
static int
fill_frontier(reading_t *r)
{
    const evprof_timeline_generation_t *g = &r->generation;
    r->cursors = calloc(g->ms.count + 1, sizeof(*r->cursors));
    r->frontier.items = calloc(g->ms.count + 1, sizeof(cursor_t *));
    if (r->cursors == NULL || r->frontier.items == NULL) {
        return evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < g->ms.count; i++) {
        cursor_t *c = &r->cursors[i];
        uint32_t first = g->ends[2 * i];
        *c = (cursor_t){ .m = g->ms.keys[i],
                         .batch = first + 1,
                         .bytes = g->batches[first].bytes };
        enum moved moved = move_on(c, g);
        if (moved == BROKEN) {
            return fail_event(r, "what should be an event is none");
        }
        if (moved == MOVED) {
            r->frontier.items[r->frontier.count++] = c;
            sift_up(&r->frontier, r->frontier.count - 1);
        }
    }
    return EVPROF_OK;
}

/* Lets the event of item `at` happen, if it fits. */
static int
try_item(reading_t *r, size_t at, bool *has_happened)
{
    cursor_t *c = r->frontier.items[at];
    enum evprof_timeline_step step =
        evprof_timeline_order_step(&r->order, c->m, &c->event);
    *has_happened = step == EVPROF_TIMELINE_DONE;
    if (step == EVPROF_TIMELINE_NO_MEMORY) {
        return evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
    }
    if (step == EVPROF_TIMELINE_WRONG) {
        return fail_event(r, r->order.why);
    }
    if (step == EVPROF_TIMELINE_NOT_YET) {
        return EVPROF_OK;
    }
    switch (move_on(c, &r->generation)) {
    case MOVED:
        if (sift_up(&r->frontier, at) == at) {
            sift_down(&r->frontier, at);
        }
        return EVPROF_OK;
    case AT_END:
        take_out(&r->frontier, at);
        return EVPROF_OK;
    case BROKEN:
    default:
        return fail_event(r, "what should be an event is none");
    }
}

static int
advance(reading_t *r)
{
    bool has_happened = false;
    int status = try_item(r, 0, &has_happened);
    if (status != EVPROF_OK || has_happened) {
        return status;
    }
    sort(&r->frontier);
    for (size_t i = 1; i < r->frontier.count; i++) {
        status = try_item(r, i, &has_happened);
        if (status != EVPROF_OK || has_happened) {
            return status;
        }
    }
    return fail_event(r, "no order of events fits");
}

static int
play(reading_t *r)
{
    const evprof_timeline_generation_t *g = &r->generation;
    size_t sample = 0;
    evprof_timeline_order_begin(&r->order, g);
    if (r->t->generations == 0) {
        r->t->start_ns = r->order.last_ns;
    }
    int status = fill_frontier(r);
    while (status == EVPROF_OK &&
           (r->frontier.count > 0 || sample < g->sample_count)) {
        if (sample < g->sample_count &&
            g->samples[sample].ns < ns_at(&r->frontier, 0)) {
            status = evprof_timeline_order_sample(
                         &r->order, &g->samples[sample]) == EVPROF_TIMELINE_DONE
                         ? EVPROF_OK
                         : evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
            sample++;
        } else {
            status = advance(r);
        }
    }
    free(r->cursors);
    free(r->frontier.items);
    r->cursors = NULL;
    r->frontier = (frontier_t){ .items = NULL };
    return status;
}

/* ---- The file ---- */

bool
evprof_timeline_may_be(const void *data, size_t len)
{
    static const char begin[] = "go 1.";
    static const char end[] = " trace";
    const char *text = data;
    return len >= HEADER_LEN && memcmp(text, begin, sizeof(begin) - 1) == 0 &&
           memcmp(text + 7, end, sizeof(end) - 1) == 0;
}

/* The minor version in the header, "go 1.N"; 0: a version that is not
 * supported. */
static int
read_version(const char *data, size_t len, unsigned *out, evprof_error_t *err)
{
    static const unsigned known[] = { 22, 23, 25, 26 };
    if (!evprof_timeline_may_be(data, len)) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "it is no execution trace of Go or Evprof");
    }
    *out = (unsigned)(data[5] - '0') * 10 + (unsigned)(data[6] - '0');
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (*out == known[i]) {
            return EVPROF_OK;
        }
    }
    return evprof_fail(err, EVPROF_EPARSE,
                       "it is an execution trace of format 1.%.2s, and those "
                       "of 1.22, 1.23, 1.25 and 1.26 are read",
                       data + 5);
}

/* Reads one generation. A generation that the file cuts off is left out. */
static int
read_generation(reading_t *r, evprof_timeline_bytes_t *file, bool *is_over)
{
    evprof_timeline_t *t = r->t;
    size_t events = t->event_count;
    bool is_native = t->is_native;
    int64_t end_ns = r->order.last_ns;
    int status =
        evprof_timeline_generation_read(t, file, &r->generation, r->err);
    bool is_last = file->at == file->end;
    *is_over = is_last || r->generation.number == 0;
    t->is_cut = t->is_cut || r->generation.is_cut || r->generation.is_file_cut;
    if (status == EVPROF_OK && r->generation.number != 0 &&
        !r->generation.is_cut) {
        status = play(r);
    }
    if (status == EVPROF_EPARSE && is_last && !r->generation.is_whole &&
        t->generations > 0) {
        t->is_cut = true;
        status = EVPROF_OK;
    } else if (status == EVPROF_OK && r->generation.number != 0 &&
               !r->generation.is_cut) {
        t->generations++;
        end_ns = r->order.last_ns;
        events = t->event_count;
        is_native = t->is_native;
    }
    t->event_count = events;
    t->is_native = is_native;
    t->end_ns = end_ns;
    evprof_timeline_generation_free(&r->generation);
    return status;
}

int
evprof_timeline_read(const void *data, size_t len, evprof_timeline_t **out,
                     evprof_error_t *err)
{
    reading_t r = { .err = err, .t = calloc(1, sizeof(*r.t)) };
    if (r.t == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    int status = read_version(data, len, &r.t->version, err);
    const uint8_t *bytes = data;
    evprof_timeline_bytes_t file = { bytes + HEADER_LEN, bytes + len };
    bool is_over = len <= HEADER_LEN;
    r.order.t = r.t;
    r.t->is_native = true;
    while (status == EVPROF_OK && !is_over) {
        status = read_generation(&r, &file, &is_over);
    }
    if (status == EVPROF_OK && r.t->generations == 0) {
        status = evprof_fail(err, EVPROF_EPARSE,
                             r.t->is_cut ? "it ends within its first generation"
                                         : "it has no events");
    }
    evprof_timeline_order_free(&r.order);
    if (status != EVPROF_OK) {
        evprof_timeline_free(r.t);
        return status;
    }
    *out = r.t;
    return EVPROF_OK;
}
