/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What events of threads become, as the reader of traces sees it: each test
 * tells a story and compares the changes of states that come out, with their
 * times.
 */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/stream.h"
#include "core/sample/contention.h"
#include "core/timeline/timeline.h"
#include "core/trace/order.h"
#include "core/trace/tables.h"

/* The linker gives the library's calls of realloc() to __wrap_realloc(). */
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* New memory holds what an array of serials may have left there. */
#define OLD_SERIAL UINT64_C(0x0101010101010101)

void *
__wrap_realloc(void *block, size_t size)
{
    const size_t before = block == NULL ? 0 : malloc_usable_size(block);
    unsigned char *moved = __real_realloc(block, size);
    const size_t now = moved == NULL ? 0 : malloc_usable_size(moved);
    if (now > before) {
        memset(moved + before, OLD_SERIAL & 0xff, now - before);
    }
    return moved;
}

enum { FIRST = 100, SECOND, THIRD, THREADS = 3 };
enum { LOCK = 0x10 };

/* A trace that is being told. */
typedef struct story {
    evprof_trace_order_t order;
    evprof_trace_ring_t *rings; /* of FIRST, SECOND ... */
    evprof_trace_generation_t *generation;
    evprof_timeline_t *read;
    int64_t end_ns;
} story_t;

/* One in which nobody is known to have been there. */
static story_t
begin_unseeded(void)
{
    story_t s = { .rings = calloc(THREADS, sizeof(evprof_trace_ring_t)) };
    assert_non_null(s.rings);
    for (pid_t i = 0; i < THREADS; i++) {
        s.rings[i].tid = FIRST + i;
    }
    s.generation = evprof_trace_generation_new(1000, 1);
    assert_non_null(s.generation);
    return s;
}

static story_t
begin(void)
{
    story_t s = begin_unseeded();
    for (pid_t i = 0; i < THREADS; i++) {
        const uint64_t pc = 0x3000;
        evprof_trace_order_seed(&s.order, FIRST + i, false, &pc, 1);
    }
    return s;
}

/* An event of a thread; `error` is the result of a RETURN. */
static void
tell_result(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
            uint64_t kind, uint64_t error)
{
    evprof_trace_ring_t *ring = &s->rings[tid - FIRST];
    uint64_t words[] = { (uint64_t)type | 3 << 8, (uint64_t)ns, kind, LOCK,
                         error };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ring->words[ring->head++ % EVPROF_TRACE_RING_WORDS] = words[i];
    }
}

static void
tell(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
     uint64_t kind)
{
    tell_result(s, tid, type, ns, kind, 0);
}

/* A log line, from a place of its own. */
static void
tell_log(story_t *s, pid_t tid, int64_t ns, uint64_t pc, const char *key,
         const char *value)
{
    evprof_trace_ring_t *ring = &s->rings[tid - FIRST];
    uint64_t words[4 + 8] = { 0 };
    char *text = (char *)(words + 4);
    const size_t key_size = strlen(key) + 1;
    const size_t text_len = key_size + strlen(value) + 1;
    assert_true(text_len <= sizeof(words) - 4 * sizeof(words[0]));
    memcpy(text, key, key_size);
    memcpy(text + key_size, value, text_len - key_size);
    words[0] = (uint64_t)EVPROF_TRACE_LOG | UINT64_C(1) << 8 |
               UINT64_C(1) << 16 | (uint64_t)text_len << 32;
    words[1] = (uint64_t)ns;
    words[3] = pc;
    for (size_t i = 0; i < 4 + (text_len + 7) / 8; i++) {
        ring->words[ring->head++ % EVPROF_TRACE_RING_WORDS] = words[i];
    }
}

static void
switched(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
         enum evprof_trace_out why)
{
    evprof_trace_order_add_switch(&s->order, (uint32_t)(tid - FIRST), type, ns,
                                  why);
}

static int
no_names(evprof_pprof_t *p, evprof_error_t *err)
{
    (void)p;
    (void)err;
    return 0;
}

/* Ends the story at `ns` and reads it. */
static void
finish(story_t *s, int64_t ns)
{
    s->end_ns = ns;
    static const char *const comments[] = { "one has none" };
    const evprof_trace_notes_t notes = {
        .ways = "as told", .lost = 3, .comments = comments, .comment_count = 1
    };
    evprof_trace_generation_t *end = evprof_trace_generation_new(ns, 2);
    evprof_buf_t bytes = { 0 };
    evprof_writer_t out = evprof_writer_buf(&bytes);
    evprof_error_t err = { .message = "" };
    for (size_t i = 0; i < THREADS; i++) {
        assert_true(evprof_trace_order_drain(&s->order, &s->rings[i]));
    }
    evprof_trace_order_encode(&s->order, s->generation, ns);
    evprof_trace_order_close(&s->order, end, &notes);
    s->generation->next = end;
    evprof_pprof_t *named = NULL;
    assert_int_equal(
        evprof_trace_tables_name(&s->order, no_names, &named, &err), EVPROF_OK);
    assert_int_equal(
        evprof_trace_tables_write(&s->order, s->generation, named, &out, &err),
        EVPROF_OK);
    evprof_pprof_free(named);
    int status = evprof_timeline_read(bytes.data, bytes.len, &s->read, &err);
    if (status != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    evprof_buf_free(&bytes);
    evprof_trace_generation_free(end);
}

static void
free_story(story_t *s)
{
    evprof_timeline_free(s->read);
    evprof_trace_generation_free(s->generation);
    evprof_trace_order_free(&s->order);
    free(s->rings);
}

/* The changes of a thread's state, as "TIME:STATE(by WAKER) ...". What comes
 * after the end has the time of the end: there events only make room for each
 * other. */
static void
check_states(const story_t *s, uint64_t tid, const char *expected)
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

/* It waited once, and was woken by the third thread at 3000 or just after. */
static void
check_waker(const story_t *s, uint64_t tid)
{
    size_t count = 0;
    for (size_t i = 0; i < s->read->event_count; i++) {
        const evprof_timeline_event_t *e = &s->read->events[i];
        if (e->kind == EVPROF_TIMELINE_STATE && e->of == tid &&
            e->from == EVPROF_GO_WAITING) {
            assert_int_equal(e->by, THIRD);
            assert_in_range(e->ns, 3000, 3010);
            count++;
        }
    }
    assert_int_equal(count, 1);
}

/* How many log lines there are with that key, and the text of the last. */
static size_t
count_logs(const story_t *s, const char *key, const char **text)
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

/* A thread that is woken is ready until the kernel gives it a processor, and
 * what happens to it before it says that it is back is seen. */
static void
test_woken(void **state)
{
    (void)state;
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    switched(&s, FIRST, EVPROF_TRACE_OUT, 2100, EVPROF_TRACE_SLEPT);
    switched(&s, FIRST, EVPROF_TRACE_IN, 2200, EVPROF_TRACE_SLEPT);
    switched(&s, FIRST, EVPROF_TRACE_OUT, 2300, EVPROF_TRACE_SLEPT);
    tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    switched(&s, FIRST, EVPROF_TRACE_IN, 4000, EVPROF_TRACE_SLEPT);
    switched(&s, FIRST, EVPROF_TRACE_OUT, 4500, EVPROF_TRACE_PREEMPTED);
    switched(&s, FIRST, EVPROF_TRACE_IN, 5000, EVPROF_TRACE_SLEPT);
    tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
    finish(&s, 7000);
    check_states(
        &s, FIRST,
        "2000:waits 3000:ready(by 101) 4000:runs 4500:ready 5000:runs");
    free_story(&s);
}

/* Without the kernel's word it is ready until it says that it is back. */
static void
test_woken_unseen(void **state)
{
    (void)state;
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
    finish(&s, 7000);
    check_states(&s, FIRST, "2000:waits 3000:ready(by 101) 6000:runs");
    free_story(&s);
}

/* A switch to the thread before the wake is not what the wake brought about. */
static void
test_early_switch(void **state)
{
    (void)state;
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    switched(&s, FIRST, EVPROF_TRACE_OUT, 2100, EVPROF_TRACE_SLEPT);
    switched(&s, FIRST, EVPROF_TRACE_IN, 2900, EVPROF_TRACE_SLEPT);
    tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
    finish(&s, 7000);
    check_states(&s, FIRST, "2000:waits 3000:ready(by 101) 6000:runs");
    free_story(&s);
}

/* A processor that is taken away, and a sleep that no wrapper knows. */
static void
test_off_cpu(void **state)
{
    (void)state;
    story_t s = begin();
    switched(&s, FIRST, EVPROF_TRACE_OUT, 2000, EVPROF_TRACE_PREEMPTED);
    switched(&s, FIRST, EVPROF_TRACE_IN, 3000, EVPROF_TRACE_SLEPT);
    switched(&s, FIRST, EVPROF_TRACE_OUT, 4000, EVPROF_TRACE_SLEPT);
    switched(&s, FIRST, EVPROF_TRACE_IN, 5000, EVPROF_TRACE_SLEPT);
    finish(&s, 7000);
    check_states(&s, FIRST,
                 "2000:ready 3000:runs 4000:waits 5000:ready 5001:runs");
    free_story(&s);
}

/* Switches that were lost leave no thread in a state that it has left. */
static void
test_lost_switch(void **state)
{
    (void)state;
    story_t s = begin();
    switched(&s, FIRST, EVPROF_TRACE_OUT, 2000, EVPROF_TRACE_PREEMPTED);
    tell(&s, FIRST, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    switched(&s, FIRST, EVPROF_TRACE_IN, 4000, EVPROF_TRACE_SLEPT);
    switched(&s, FIRST, EVPROF_TRACE_IN, 5000, EVPROF_TRACE_SLEPT);
    finish(&s, 7000);
    check_states(&s, FIRST, "2000:ready 3000:runs");
    free_story(&s);
}

/* The last signal need not be the one that is answered when several wait, and
 * the trace says so; with one that waits it is. */
static void
test_several_waited(void **state)
{
    (void)state;
    static const uint64_t kinds[] = { EVPROF_WAIT_COND, EVPROF_WAIT_SEMAPHORE };
    const char *text = "";
    for (size_t i = 0; i < 2; i++) {
        story_t s = begin();
        tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, kinds[i]);
        tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, kinds[i]);
        tell(&s, THIRD, EVPROF_TRACE_WAKE, 3000, kinds[i]);
        tell(&s, SECOND, EVPROF_TRACE_RETURN, 3500, kinds[i]);
        tell(&s, THIRD, EVPROF_TRACE_WAKE, 4000, kinds[i]);
        tell(&s, FIRST, EVPROF_TRACE_RETURN, 4500, kinds[i]);
        finish(&s, 7000);
        assert_int_equal(count_logs(&s, "evprof: waker", &text), 1);
        assert_string_equal(text, "2 threads waited: another's signal may have "
                                  "ended this wait");
        check_states(&s, FIRST, "2000:waits 4000:ready(by 102) 4500:runs");
        free_story(&s);
    }
}

/* A broadcast is for all that wait: whose it was is certain. */
static void
test_broadcast(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = begin();
    for (int64_t ns = 2000; ns < 4000; ns += 1000) {
        tell(&s, FIRST, EVPROF_TRACE_WAIT, ns, EVPROF_WAIT_COND);
        tell(&s, SECOND, EVPROF_TRACE_WAIT, ns + 100, EVPROF_WAIT_COND);
        tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, ns + 200, EVPROF_WAIT_COND);
        tell(&s, SECOND, EVPROF_TRACE_RETURN, ns + 300, EVPROF_WAIT_COND);
        tell(&s, FIRST, EVPROF_TRACE_RETURN, ns + 400, EVPROF_WAIT_COND);
    }
    finish(&s, 7000);
    assert_int_equal(count_logs(&s, "evprof: waker", &text), 0);
    check_states(&s, FIRST,
                 "2000:waits 2200:ready(by 102) 2400:runs "
                 "3000:waits 3200:ready(by 102) 3400:runs");
    free_story(&s);
}

/* Unless one of them had been woken before, by a signal or a broadcast, and was
 * not back yet. */
static void
test_broadcast_after_wake(void **state)
{
    (void)state;
    static const enum evprof_trace_type first[] = { EVPROF_TRACE_WAKE,
                                                    EVPROF_TRACE_WAKE_ALL };
    const char *text = "";
    for (size_t i = 0; i < 2; i++) {
        story_t s = begin();
        tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
        tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_COND);
        tell(&s, THIRD, first[i], 3000, EVPROF_WAIT_COND);
        tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, 3100, EVPROF_WAIT_COND);
        tell(&s, SECOND, EVPROF_TRACE_RETURN, 3500, EVPROF_WAIT_COND);
        tell(&s, FIRST, EVPROF_TRACE_RETURN, 4500, EVPROF_WAIT_COND);
        finish(&s, 7000);
        assert_int_equal(count_logs(&s, "evprof: waker", &text), 2);
        free_story(&s);
    }
}

/* A wait whose time is over answers no signal: that one's thread is still on
 * its way when the broadcast comes. */
static void
test_broadcast_after_timeout(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
    tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_COND);
    tell(&s, THIRD, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_COND);
    tell_result(&s, SECOND, EVPROF_TRACE_RETURN, 3100, EVPROF_WAIT_COND,
                ETIMEDOUT);
    tell(&s, SECOND, EVPROF_TRACE_WAIT, 3200, EVPROF_WAIT_COND);
    tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, 3300, EVPROF_WAIT_COND);
    tell(&s, FIRST, EVPROF_TRACE_RETURN, 3400, EVPROF_WAIT_COND);
    finish(&s, 7000);
    /* One for the wait that timed out. */
    assert_int_equal(count_logs(&s, "evprof: waker", &text), 2);
    free_story(&s);
}

/* Who gives a mutex back is known for certain. */
static void
test_owner_is_certain(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_MUTEX);
    tell(&s, THIRD, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    tell(&s, SECOND, EVPROF_TRACE_RETURN, 3500, EVPROF_WAIT_MUTEX);
    finish(&s, 7000);
    assert_int_equal(count_logs(&s, "evprof: waker", &text), 0);
    free_story(&s);
}

/* A wait that is not over ends with the trace, which says what it lacks; the
 * recording goes on with the wait. */
static void
test_open_wait(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    finish(&s, 700000);
    check_states(&s, FIRST, "2000:waits 700000:ready 700000:runs");
    assert_int_equal(s.order.lanes.items[0]->state, EVPROF_LANE_WAITING);
    assert_int_equal(count_logs(&s, "evprof: states", &text), 1);
    assert_string_equal(text, "as told");
    assert_int_equal(count_logs(&s, "evprof: dropped", &text), 1);
    assert_string_equal(text, "3 events were dropped");
    assert_int_equal(count_logs(&s, "evprof: names", &text), 1);
    assert_string_equal(text, "one has none");
    free_story(&s);
}

/* The first thread that tells something was there all along. Events that give
 * a thread its state come before its own, a nanosecond each. */
static void
test_nobody_is_known(void **state)
{
    (void)state;
    story_t s = begin_unseeded();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    tell(&s, FIRST, EVPROF_TRACE_RETURN, 4000, EVPROF_WAIT_MUTEX);
    finish(&s, 7000);
    check_states(&s, FIRST, "2002:waits 3003:ready(by 101) 4000:runs");
    free_story(&s);
}

/* The stack of a wait is that of the place where the thread waits, and a wait
 * without one leaves what was known. */
static void
test_stacks_of_waits(void **state)
{
    (void)state;
    story_t s = begin();
    const uint32_t seeded = s.order.lanes.items[0]->stack;
    assert_int_not_equal(seeded, 0);
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    finish(&s, 7000);
    assert_int_equal(s.order.lanes.items[0]->stack, seeded);
    free_story(&s);
}

/* One that wakes several is named by each of them. */
static void
test_all_woken(void **state)
{
    (void)state;
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
    tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_COND);
    tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, 3000, EVPROF_WAIT_COND);
    tell(&s, FIRST, EVPROF_TRACE_RETURN, 4000, EVPROF_WAIT_COND);
    tell(&s, SECOND, EVPROF_TRACE_RETURN, 5000, EVPROF_WAIT_COND);
    finish(&s, 7000);
    check_waker(&s, FIRST);
    check_waker(&s, SECOND);
    free_story(&s);
}

/* Who waits since an earlier generation may be the one that is woken. */
static void
test_waiting_since_before(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
    assert_true(evprof_trace_order_drain(&s.order, &s.rings[0]));
    evprof_trace_order_encode(&s.order, s.generation, 2500);
    evprof_trace_generation_free(s.generation);
    s.generation = evprof_trace_generation_new(2500, 3);
    tell(&s, SECOND, EVPROF_TRACE_WAIT, 3000, EVPROF_WAIT_COND);
    tell(&s, THIRD, EVPROF_TRACE_WAKE, 4000, EVPROF_WAIT_COND);
    tell(&s, SECOND, EVPROF_TRACE_RETURN, 5000, EVPROF_WAIT_COND);
    finish(&s, 7000);
    assert_int_equal(count_logs(&s, "evprof: waker", &text), 1);
    free_story(&s);
}

/* Every generation names the stacks and texts of its own events, each once,
 * whatever was in the memory before. */
static void
test_names_of_generations(void **state)
{
    (void)state;
    enum { LOGS = 100 };
    static const uint64_t serials[] = { OLD_SERIAL, OLD_SERIAL + 1 };
    char key[24];
    char value[24];
    const char *text = "";
    story_t s = begin();
    for (size_t g = 0; g < 2; g++) {
        const int64_t begin_ns = 1000 + 100000 * (int64_t)g;
        evprof_trace_generation_free(s.generation);
        s.generation = evprof_trace_generation_new(begin_ns, serials[g]);
        for (unsigned i = 0; i < 2 * LOGS; i++) {
            (void)snprintf(key, sizeof(key), "key %u", i % LOGS);
            (void)snprintf(value, sizeof(value), "value %u", i % LOGS);
            tell_log(&s, FIRST, begin_ns + 100 * (int64_t)(i + 1),
                     0x4000 + i % LOGS, key, value);
        }
        if (g == 0) {
            assert_true(evprof_trace_order_drain(&s.order, &s.rings[0]));
            evprof_trace_order_encode(&s.order, s.generation, 101000);
        } else {
            finish(&s, 300000);
        }
        assert_false(s.generation->failed);
        assert_int_equal(s.generation->strings.count, 2 * LOGS);
        /* That of the threads' beginning, too. */
        assert_int_equal(s.generation->stacks.count, LOGS + 1);
    }
    for (unsigned i = 0; i < LOGS; i++) {
        (void)snprintf(key, sizeof(key), "key %u", i);
        (void)snprintf(value, sizeof(value), "value %u", i);
        assert_int_equal(count_logs(&s, key, &text), 2);
        assert_string_equal(text, value);
    }
    free_story(&s);
}

/* What is freed is as good as new. */
static void
test_used_again(void **state)
{
    (void)state;
    const uint64_t pc = 0x3000;
    story_t s = begin();
    finish(&s, 7000);
    evprof_trace_order_free(&s.order);
    assert_int_equal(s.order.lanes.count, 0);
    evprof_trace_order_seed(&s.order, FIRST, true, &pc, 1);
    assert_int_equal(s.order.lanes.count, 1);
    free_story(&s);
}

/* A thread that has ended is gone, and tells nothing any more. */
static void
test_ended(void **state)
{
    (void)state;
    story_t s = begin();
    tell(&s, FIRST, EVPROF_TRACE_END, 2000, 0);
    finish(&s, 7000);
    check_states(&s, FIRST, "2000:gone");
    assert_int_equal(s.order.lanes.count, THREADS - 1);
    free_story(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_woken),
        cmocka_unit_test(test_woken_unseen),
        cmocka_unit_test(test_early_switch),
        cmocka_unit_test(test_off_cpu),
        cmocka_unit_test(test_lost_switch),
        cmocka_unit_test(test_several_waited),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_broadcast_after_wake),
        cmocka_unit_test(test_broadcast_after_timeout),
        cmocka_unit_test(test_owner_is_certain),
        cmocka_unit_test(test_open_wait),
        cmocka_unit_test(test_nobody_is_known),
        cmocka_unit_test(test_stacks_of_waits),
        cmocka_unit_test(test_all_woken),
        cmocka_unit_test(test_waiting_since_before),
        cmocka_unit_test(test_names_of_generations),
        cmocka_unit_test(test_used_again),
        cmocka_unit_test(test_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
