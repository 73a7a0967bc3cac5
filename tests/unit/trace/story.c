/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/trace/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/stream.h"

static int
no_names(evprof_pprof_t *p, evprof_error_t *err)
{
    (void)p;
    (void)err;
    return 0;
}

story_t
story_begin_unseeded(void)
{
    story_t s = { .rings = calloc(THREADS, sizeof(evprof_trace_ring_t)),
                  .name = no_names };
    assert_non_null(s.rings);
    for (pid_t i = 0; i < THREADS; i++) {
        s.rings[i].tid = FIRST + i;
    }
    s.generation = evprof_trace_generation_new(1000, 1);
    assert_non_null(s.generation);
    return s;
}

story_t
story_begin(void)
{
    story_t s = story_begin_unseeded();
    for (pid_t i = 0; i < THREADS; i++) {
        const uint64_t pc = 0x3000;
        evprof_trace_order_seed(&s.order, FIRST + i, false, &pc, 1);
    }
    return s;
}

story_t
story_begin_alone(void)
{
    const uint64_t pc = 0x3000;
    story_t s = story_begin_unseeded();
    evprof_trace_order_seed(&s.order, FIRST, false, &pc, 1);
    return s;
}

void
story_tell_all(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
               const told_t *told)
{
    evprof_trace_ring_t *ring = &s->rings[tid - FIRST];
    uint64_t words[16] = { 0 };
    const size_t depth = told->pc != 0;
    const size_t text_at = 2 + told->arg_count + depth;
    assert_true(told->text_len <= sizeof(words) - text_at * sizeof(words[0]));
    words[0] = (uint64_t)type | (uint64_t)told->arg_count << 8 |
               (uint64_t)depth << 16 | (uint64_t)told->text_len << 32;
    words[1] = (uint64_t)ns;
    memcpy(words + 2, told->args, told->arg_count * sizeof(words[0]));
    words[2 + told->arg_count] = told->pc;
    if (told->text_len > 0) {
        memcpy(words + text_at, told->text, told->text_len);
    }
    for (size_t i = 0; i < text_at + (told->text_len + 7) / 8; i++) {
        ring->words[ring->head++ % EVPROF_TRACE_RING_WORDS] = words[i];
    }
}

void
story_tell_result(story_t *s, pid_t tid, enum evprof_trace_type type,
                  int64_t ns, uint64_t kind, uint64_t error)
{
    const told_t told = { .args = { kind, LOCK, error }, .arg_count = 3 };
    story_tell_all(s, tid, type, ns, &told);
}

void
story_tell(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
           uint64_t kind)
{
    story_tell_result(s, tid, type, ns, kind, 0);
}

void
story_switched(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
               enum evprof_trace_out why)
{
    evprof_trace_order_add_switch(&s->order, (uint32_t)(tid - FIRST), type, ns,
                                  why);
}

void
story_next_generation(story_t *s, int64_t ns)
{
    evprof_trace_generation_t *at = s->generation;
    uint64_t serial = 10;
    while (at->next != NULL) {
        at = at->next;
        serial++;
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_true(evprof_trace_order_drain(&s->order, &s->rings[i]));
    }
    evprof_trace_order_encode(&s->order, at, ns);
    at->next = evprof_trace_generation_new(ns, serial);
    assert_non_null(at->next);
}

void
story_finish(story_t *s, int64_t ns)
{
    s->end_ns = ns;
    static const char *const comments[] = { "one has none" };
    const evprof_trace_notes_t notes = { .ways = "as told",
                                         .lost = s->lost_switches > 0 ? 0 : 3,
                                         .lost_switches = s->lost_switches,
                                         .comments = comments,
                                         .comment_count = 1 };
    evprof_trace_generation_t *end = evprof_trace_generation_new(ns, 2);
    evprof_buf_t bytes = { 0 };
    evprof_writer_t out = evprof_writer_buf(&bytes);
    evprof_error_t err = { .message = "" };
    for (size_t i = 0; i < THREADS; i++) {
        assert_true(evprof_trace_order_drain(&s->order, &s->rings[i]));
    }
    evprof_trace_generation_t *last = s->generation;
    while (last->next != NULL) {
        last = last->next;
    }
    evprof_trace_order_encode(&s->order, last, ns);
    evprof_trace_order_close(&s->order, end, &notes);
    last->next = end;
    evprof_pprof_t *named = NULL;
    assert_int_equal(evprof_trace_tables_name(&s->order, s->name, &named, &err),
                     EVPROF_OK);
    assert_int_equal(evprof_trace_tables_write(&s->order, s->generation, 0,
                                               named, &out, &err),
                     EVPROF_OK);
    evprof_pprof_free(named);
    int status = evprof_timeline_read(bytes.data, bytes.len, &s->read, &err);
    if (status != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    evprof_buf_free(&bytes);
    evprof_trace_generation_free(end);
    last->next = NULL;
}

void
story_free(story_t *s)
{
    evprof_timeline_free(s->read);
    while (s->generation != NULL) {
        evprof_trace_generation_t *next = s->generation->next;
        evprof_trace_generation_free(s->generation);
        s->generation = next;
    }
    evprof_trace_order_free(&s->order);
    free(s->rings);
}

void
story_check_states(const story_t *s, uint64_t tid, const char *expected)
{
    static const char *const names[] = { "gone", "ready", "runs", "call",
                                         "waits" };
    char text[512] = "";
    size_t len = 0;
    for (size_t i = 0; i < s->read->event_count; i++) {
        const evprof_timeline_event_t *e = &s->read->events[i];
        if (e->kind != EVPROF_TIMELINE_STATE || e->of != tid ||
            e->from == EVPROF_TIMELINE_UNKNOWN || e->from == e->to) {
            continue;
        }
        int64_t ns = e->ns > s->end_ns ? s->end_ns : e->ns;
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s%lld:%s",
                             len > 0 ? " " : "", (long long)ns, names[e->to]);
        if (e->from == EVPROF_GO_WAITING && e->by != EVPROF_TIMELINE_NONE) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "(by %llu)",
                                    (unsigned long long)e->by);
        }
    }
    assert_string_equal(text, expected);
}

size_t
story_count_logs(const story_t *s, const char *key, const char **text)
{
    size_t count = 0;
    for (size_t i = 0; i < s->read->event_count; i++) {
        const evprof_timeline_event_t *e = &s->read->events[i];
        if (e->kind == EVPROF_TIMELINE_LOG && strcmp(e->text, key) == 0) {
            *text = e->more;
            count++;
        }
    }
    return count;
}
