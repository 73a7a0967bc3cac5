/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds up spans, tasks or regions by the stack at their beginning. As in Go's
 * own tool, spans that the trace cuts off at the end do not count, nor do spans
 * before a goroutine first ran, and each pc is one location, of its first
 * frame.
 */
#include "core/timeline/profile.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/hash.h"

/* What has one stack and one name. */
typedef struct total {
    uint32_t stack;
    const char *name; /* NULL: it has none */
    int64_t count;
    int64_t ns;
} total_t;

typedef struct totals {
    total_t *items;
    size_t count;
    size_t cap;
    evprof_index_t index;
    bool failed;
} totals_t;

static void
add(totals_t *totals, uint32_t stack, const char *name, int64_t ns)
{
    uint64_t hash = evprof_hash_mix(stack ^ evprof_hash_mix((uintptr_t)name));
    evprof_index_walk_t walk = evprof_index_walk(&totals->index, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && (totals->items[row].stack != stack ||
                                       totals->items[row].name != name)) {
        row = evprof_index_next(&walk);
    }
    if (row == EVPROF_INDEX_END) {
        total_t *grown = evprof_grow(totals->items, &totals->cap,
                                     totals->count + 1, sizeof(*grown));
        row = (uint32_t)totals->count;
        if (grown != NULL) {
            totals->items = grown;
        }
        if (grown == NULL ||
            evprof_index_add(&totals->index, hash, row) != EVPROF_OK) {
            totals->failed = true;
            return;
        }
        totals->items[totals->count++] =
            (total_t){ .stack = stack, .name = name };
    }
    totals->items[row].count++;
    totals->items[row].ns += ns;
}

/* A recorder may write a missing stack as one frame at address 0. */
static uint32_t
known_stack(const evprof_timeline_t *t, uint32_t stack)
{
    bool is_empty = stack == 0 || (t->stacks[stack].count == 1 &&
                                   evprof_timeline_frame(t, stack, 0)->pc == 0);
    return is_empty ? 0 : stack;
}

/* ---- What is counted ---- */

static bool
is_synchronization(const char *reason)
{
    return strstr(reason, "chan") != NULL || strstr(reason, "sync") != NULL ||
           strstr(reason, "select") != NULL;
}

static bool
is_network(const char *reason)
{
    return strcmp(reason, "network") == 0;
}

static bool
is_any(const char *reason)
{
    (void)reason;
    return true;
}

/* Kinds that are states of goroutines. */
static const struct state_kind {
    const char *name;
    enum evprof_go_status state;
    bool (*takes)(const char *reason);
} states[] = {
    { "net", EVPROF_GO_WAITING, is_network },
    { "sync", EVPROF_GO_WAITING, is_synchronization },
    { "syscall", EVPROF_GO_SYSCALL, is_any },
    { "sched", EVPROF_GO_RUNNABLE, is_any },
};

static void
add_spans(const evprof_timeline_spans_t *s, const struct state_kind *kind,
          totals_t *totals)
{
    for (size_t i = 0; i < s->count; i++) {
        const evprof_timeline_span_t *span = &s->items[i];
        int64_t ns = evprof_timeline_within(s, span->start_ns, span->end_ns);
        bool is_counted =
            !span->is_open &&
            !(span->is_early && s->goroutines[span->goroutine].has_run);
        if (span->state == kind->state && is_counted && ns > 0 &&
            kind->takes(span->reason)) {
            add(totals, known_stack(s->t, span->stack), NULL, ns);
        }
    }
}

static void
add_marks(const evprof_timeline_spans_t *s, const evprof_timeline_mark_t *marks,
          size_t count, totals_t *totals)
{
    for (size_t i = 0; i < count; i++) {
        int64_t ns =
            evprof_timeline_within(s, marks[i].start_ns, marks[i].end_ns);
        if (ns > 0) {
            add(totals, marks[i].stack, marks[i].name, ns);
        }
    }
}

/* ---- The profile ---- */

typedef struct writing {
    const evprof_timeline_t *t;
    evprof_pprof_t *p;
    evprof_timeline_map_t pcs;       /* rows are locations */
    evprof_timeline_map_t functions; /* by address of name and file mixed */
    bool failed;
} writing_t;

static const char *
text(writing_t *w, const char *from)
{
    const char *kept = evprof_strings_intern(&w->p->strings, from);
    w->failed = w->failed || kept == NULL;
    return kept != NULL ? kept : "";
}

static uint32_t
function_of(writing_t *w, const evprof_timeline_frame_t *frame)
{
    uint64_t key =
        evprof_hash_mix((uintptr_t)frame->function) ^ (uintptr_t)frame->file;
    uint32_t row = evprof_timeline_map_find(&w->functions, key);
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    row = evprof_timeline_map_add(&w->functions, key);
    if (row == EVPROF_INDEX_END) {
        w->failed = true;
        return EVPROF_NO_INDEX;
    }
    w->p->functions[w->p->function_count++] = (evprof_function_t){
        .id = (uint64_t)row + 1,
        .name = text(w, frame->function),
        .system_name = text(w, frame->function),
        .filename = text(w, frame->file),
    };
    return row;
}

static uint32_t
location_of(writing_t *w, const evprof_timeline_frame_t *frame)
{
    uint32_t row = evprof_timeline_map_find(&w->pcs, frame->pc);
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    evprof_line_t *line = evprof_arena_calloc(&w->p->arena, 1, sizeof(*line));
    row = evprof_timeline_map_add(&w->pcs, frame->pc);
    if (line == NULL || row == EVPROF_INDEX_END) {
        w->failed = true;
        return 0;
    }
    *line = (evprof_line_t){ .function = function_of(w, frame),
                             .line = frame->line };
    w->p->locations[w->p->location_count++] = (evprof_location_t){
        .id = (uint64_t)row + 1,
        .address = frame->pc,
        .lines = line,
        .line_count = 1,
        .mapping = EVPROF_NO_INDEX,
    };
    return row;
}

static void
write_sample(writing_t *w, const total_t *total, const char *label)
{
    evprof_pprof_t *p = w->p;
    uint32_t depth = total->stack == 0 ? 0 : w->t->stacks[total->stack].count;
    evprof_sample_t *sample = &p->samples[p->sample_count];
    int64_t *values = evprof_arena_calloc(&p->arena, 2, sizeof(*values));
    uint32_t *locations =
        evprof_arena_calloc(&p->arena, depth + 1, sizeof(*locations));
    evprof_label_t *labels = evprof_arena_calloc(&p->arena, 1, sizeof(*labels));
    if (values == NULL || locations == NULL || labels == NULL) {
        w->failed = true;
        return;
    }
    values[0] = total->count;
    values[1] = total->ns;
    for (uint32_t i = 0; i < depth && !w->failed; i++) {
        locations[i] =
            location_of(w, evprof_timeline_frame(w->t, total->stack, i));
    }
    *sample = (evprof_sample_t){ .locations = locations,
                                 .values = values,
                                 .location_count = depth };
    if (total->name != NULL) {
        *labels = (evprof_label_t){ .key = text(w, label),
                                    .text = text(w, total->name),
                                    .unit = "" };
        sample->labels = labels;
        sample->label_count = 1;
    }
    p->sample_count++;
}

static void
write_types(writing_t *w, const char *count, const char *time)
{
    evprof_pprof_t *p = w->p;
    p->types[0] = (evprof_value_type_t){ text(w, count), text(w, "count") };
    p->types[1] =
        (evprof_value_type_t){ text(w, time), text(w, "nanoseconds") };
    p->type_count = 2;
    p->period_type =
        (evprof_value_type_t){ text(w, "trace"), text(w, "count") };
    p->period = 1;
}

/* `label` is NULL for what blocks. */
static int
write_profile(const evprof_timeline_spans_t *s, const totals_t *totals,
              const char *label, evprof_pprof_t **out, evprof_error_t *err)
{
    writing_t w = { .t = s->t, .p = evprof_pprof_new() };
    evprof_pprof_t *p = w.p;
    if (p != NULL) {
        evprof_arena_t *arena = &p->arena;
        size_t frames = s->t->frame_count + 1;
        p->types = evprof_arena_calloc(arena, 2, sizeof(*p->types));
        p->samples =
            evprof_arena_calloc(arena, totals->count + 1, sizeof(*p->samples));
        p->locations =
            evprof_arena_calloc(arena, frames, sizeof(*p->locations));
        p->functions =
            evprof_arena_calloc(arena, frames, sizeof(*p->functions));
    }
    w.failed = p == NULL || totals->failed || p->types == NULL ||
               p->samples == NULL || p->locations == NULL ||
               p->functions == NULL;
    if (!w.failed) {
        write_types(&w,
                    label == NULL                  ? "contentions"
                    : strcmp(label, "region") == 0 ? "regions"
                                                   : "tasks",
                    label == NULL ? "delay" : "time");
    }
    for (size_t i = 0; i < totals->count && !w.failed; i++) {
        write_sample(&w, &totals->items[i], label);
    }
    evprof_timeline_map_free(&w.pcs);
    evprof_timeline_map_free(&w.functions);
    if (w.failed) {
        evprof_pprof_free(p);
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    *out = p;
    return EVPROF_OK;
}

int
evprof_timeline_profile(const evprof_timeline_spans_t *s, const char *kind,
                        evprof_pprof_t **out, evprof_error_t *err)
{
    totals_t totals = { .items = NULL };
    const char *label = NULL;
    bool is_known = true;
    if (strcmp(kind, "region") == 0) {
        label = "region";
        add_marks(s, s->regions, s->region_count, &totals);
    } else if (strcmp(kind, "task") == 0) {
        label = "task";
        add_marks(s, s->tasks, s->task_count, &totals);
    } else {
        is_known = false;
        for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
            if (strcmp(states[i].name, kind) == 0) {
                is_known = true;
                add_spans(s, &states[i], &totals);
            }
        }
    }
    int status =
        is_known ? write_profile(s, &totals, label, out, err)
                 : evprof_fail(err, EVPROF_EINVAL,
                               "-pprof=%s: it is net, sync, syscall, sched, "
                               "region or task",
                               kind);
    free(totals.items);
    evprof_index_free(&totals.index);
    return status;
}
