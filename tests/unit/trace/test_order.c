/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What events of threads become, as the reader of traces sees it: each test
 * tells a story and looks at what comes out, with its times.
 */
#include "tests/unit/trace/story.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sample/contention.h"
#include "core/trace/samples.h"
#include "core/trace/slow_tasks.h"

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

/* A log line, from a place of its own. */
static void
tell_log(story_t *s, pid_t tid, int64_t ns, uint64_t pc, const char *key,
         const char *value)
{
    char text[64];
    const int len = snprintf(text, sizeof(text), "%s%c%s", key, 0, value);
    assert_true(len > 0 && (size_t)len < sizeof(text));
    const told_t told = {
        .arg_count = 1, .pc = pc, .text = text, .text_len = (size_t)len + 1
    };
    story_tell_all(s, tid, EVPROF_TRACE_LOG, ns, &told);
}

/* A region or a task begins. */
static void
tell_begin(story_t *s, pid_t tid, enum evprof_trace_type type, int64_t ns,
           uint64_t task, const char *name)
{
    const told_t told = { .args = { task, 1 },
                          .arg_count = type == EVPROF_TRACE_TASK_BEGIN ? 2 : 1,
                          .text = name,
                          .text_len = strlen(name) + 1 };
    story_tell_all(s, tid, type, ns, &told);
}

/* A wait that is not over ends with the trace, which says what it lacks; the
 * recording goes on with the wait. */
static void
test_open_wait(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_finish(&s, 700000);
    story_check_states(&s, FIRST, "2000:waits 700000:ready 700000:runs");
    assert_int_equal(s.order.lanes.items[0]->state, EVPROF_LANE_WAITING);
    assert_int_equal(story_count_logs(&s, "evprof: states", &text), 1);
    assert_string_equal(text, "as told");
    assert_int_equal(story_count_logs(&s, "evprof: dropped", &text), 1);
    assert_string_equal(text, "3 events were dropped");
    assert_int_equal(story_count_logs(&s, "evprof: names", &text), 1);
    assert_string_equal(text, "one has none");
    story_free(&s);
}

/* The first thread that tells something was there all along. Events that give
 * a thread its state come before its own, a nanosecond each. */
static void
test_nobody_is_known(void **state)
{
    (void)state;
    story_t s = story_begin_unseeded();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 4000, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST, "2002:waits 3003:ready(by 101) 4000:runs");
    story_free(&s);
}

/* The stack of a wait is that of the place where the thread waits, and a wait
 * without one leaves what was known. */
static void
test_stacks_of_waits(void **state)
{
    (void)state;
    story_t s = story_begin();
    const uint32_t seeded = s.order.lanes.items[0]->stack;
    assert_int_not_equal(seeded, 0);
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    assert_int_equal(s.order.lanes.items[0]->stack, seeded);
    story_free(&s);
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
    story_t s = story_begin();
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
            story_finish(&s, 300000);
        }
        assert_false(s.generation->failed);
        assert_int_equal(s.generation->strings.count, 2 * LOGS);
        /* That of the threads' beginning, too. */
        assert_int_equal(s.generation->stacks.count, LOGS + 1);
    }
    for (unsigned i = 0; i < LOGS; i++) {
        (void)snprintf(key, sizeof(key), "key %u", i);
        (void)snprintf(value, sizeof(value), "value %u", i);
        assert_int_equal(story_count_logs(&s, key, &text), 2);
        assert_string_equal(text, value);
    }
    story_free(&s);
}

/* What is freed is as good as new. */
static void
test_used_again(void **state)
{
    (void)state;
    const uint64_t pc = 0x3000;
    story_t s = story_begin();
    story_finish(&s, 7000);
    evprof_trace_order_free(&s.order);
    assert_int_equal(s.order.lanes.count, 0);
    evprof_trace_order_seed(&s.order, FIRST, true, &pc, 1);
    assert_int_equal(s.order.lanes.count, 1);
    story_free(&s);
}

/* A thread that has ended is gone, and tells nothing any more. */
static void
test_ended(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_END, 2000, 0);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST, "2000:gone");
    assert_int_equal(s.order.lanes.count, THREADS - 1);
    story_free(&s);
}

/* ---- Threads that are made ---- */

enum { ROUTINE = 0x7000, MADE = 5 };

static void
tell_creation(story_t *s, pid_t tid, int64_t ns, uint64_t generation)
{
    const told_t told = { .args = { MADE, generation, ROUTINE, 0 },
                          .arg_count = 4,
                          .pc = 0x3100 };
    story_tell_all(s, tid, EVPROF_TRACE_CREATE, ns, &told);
}

static void
tell_start(story_t *s, pid_t tid, int64_t ns)
{
    const told_t told = { .args = { ROUTINE, 0 }, .arg_count = 2 };
    s->rings[tid - FIRST].record = MADE;
    s->rings[tid - FIRST].generation = 7;
    story_tell_all(s, tid, EVPROF_TRACE_START, ns, &told);
}

/* The event by which a thread comes to be; NULL: there is none. */
static const evprof_timeline_event_t *
find_beginning(const story_t *s, uint64_t tid)
{
    for (size_t i = 0; i < s->read->event_count; i++) {
        const evprof_timeline_event_t *e = &s->read->events[i];
        if (e->kind == EVPROF_TIMELINE_STATE && e->of == tid &&
            e->from != e->to) {
            return e;
        }
    }
    return NULL;
}

/* The return address of a stack's leaf, 0: it is empty. Those of a trace mean
 * the instruction before. */
static uint64_t
leaf_of(const story_t *s, uint32_t stack)
{
    return stack == 0 ? 0 : evprof_timeline_frame(s->read, stack, 0)->pc + 1;
}

/* A thread is ready from the moment it is made, and begins at its routine. The
 * record says which thread it is, for as long as it has that record. */
static void
test_made(void **state)
{
    (void)state;
    for (uint64_t generation = 6; generation < 9; generation++) {
        const bool is_it = generation == 7;
        story_t s = story_begin_alone();
        tell_creation(&s, FIRST, 2000, generation);
        tell_start(&s, SECOND, 3000);
        story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 4000, EVPROF_WAIT_MUTEX);
        story_finish(&s, 7000);
        const evprof_timeline_event_t *e = find_beginning(&s, SECOND);
        assert_non_null(e);
        assert_int_equal(e->by, FIRST);
        assert_int_equal(e->ns, is_it ? 2000 : 3000);
        assert_int_equal(e->to, EVPROF_GO_RUNNABLE);
        assert_int_equal(leaf_of(&s, e->stack), is_it ? 0x3100 : 0);
        assert_int_equal(leaf_of(&s, e->own_stack), ROUTINE + 1);
        assert_int_equal(s.order.lanes.items[0]->proc, 0);
        assert_int_equal(s.order.lanes.items[1]->proc, 1);
        story_free(&s);
    }
}

/* One that was there before is not made once more. */
static void
test_made_before(void **state)
{
    (void)state;
    story_t s = story_begin();
    tell_creation(&s, FIRST, 2000, 7);
    tell_start(&s, SECOND, 3000);
    story_finish(&s, 7000);
    story_check_states(&s, SECOND, "");
    story_free(&s);
}

/* Threads that end, with others that take their place in later generations. */
static void
test_one_after_another(void **state)
{
    (void)state;
    story_t s = story_begin();
    for (int64_t ns = 2000; ns < 8000; ns += 2000) {
        story_tell(&s, SECOND, EVPROF_TRACE_END, ns, 0);
        story_tell(&s, THIRD, EVPROF_TRACE_END, ns + 100, 0);
        story_next_generation(&s, ns + 500);
        assert_int_equal(s.order.lanes.count, 1);
        tell_creation(&s, FIRST, ns + 600, 7);
        tell_start(&s, SECOND, ns + 700);
        story_tell(&s, THIRD, EVPROF_TRACE_WAIT, ns + 900, EVPROF_WAIT_MUTEX);
        story_tell(&s, SECOND, EVPROF_TRACE_WAKE, ns + 1000, EVPROF_WAIT_MUTEX);
        story_tell(&s, THIRD, EVPROF_TRACE_RETURN, ns + 1100,
                   EVPROF_WAIT_MUTEX);
    }
    story_finish(&s, 9000);
    assert_int_equal(s.order.lanes.proc_count, THREADS);
    assert_int_equal(s.read->generations, 5);
    story_free(&s);
}

/* ---- More than one generation ---- */

/* Events of one time come in the order in which they were told. */
static void
test_same_time(void **state)
{
    (void)state;
    story_t s = story_begin();
    for (int i = 0; i < 40; i++) {
        story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_SLEEP);
        story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 2000, EVPROF_WAIT_SLEEP);
    }
    story_finish(&s, 7000);
    size_t waits = 0;
    for (size_t i = 0; i < s.read->event_count; i++) {
        const evprof_timeline_event_t *e = &s.read->events[i];
        waits += e->kind == EVPROF_TIMELINE_STATE && e->of == FIRST &&
                 e->to == EVPROF_GO_WAITING && e->from != e->to;
    }
    assert_int_equal(waits, 40);
    story_free(&s);
}

/* ---- Regions, tasks, the heap ---- */

/* How many events of a kind there are with that text and of that task. */
static size_t
count_events(const story_t *s, enum evprof_timeline_kind kind, uint64_t of,
             const char *text)
{
    size_t count = 0;
    for (size_t i = 0; i < s->read->event_count; i++) {
        const evprof_timeline_event_t *e = &s->read->events[i];
        count += e->kind == kind && e->of == of && strcmp(e->text, text) == 0;
    }
    return count;
}

/* A region ends with what it began with, in a later generation, too, and with
 * its thread. */
static void
test_regions(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_REGION_END, 1500, 0);
    tell_begin(&s, FIRST, EVPROF_TRACE_REGION_BEGIN, 2000, 4, "outer");
    tell_begin(&s, FIRST, EVPROF_TRACE_REGION_BEGIN, 2100, 5, "inner");
    tell_begin(&s, SECOND, EVPROF_TRACE_REGION_BEGIN, 2200, 0, "left open");
    story_next_generation(&s, 3000);
    story_tell(&s, FIRST, EVPROF_TRACE_REGION_END, 4000, 0);
    story_tell(&s, FIRST, EVPROF_TRACE_REGION_END, 4100, 0);
    story_tell(&s, FIRST, EVPROF_TRACE_REGION_END, 4200, 0);
    story_tell(&s, SECOND, EVPROF_TRACE_END, 4300, 0);
    story_finish(&s, 7000);
    static const struct {
        uint64_t task;
        const char *name;
    } regions[] = { { 4, "outer" }, { 5, "inner" }, { 0, "left open" } };
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        assert_int_equal(count_events(&s, EVPROF_TIMELINE_REGION_BEGIN,
                                      regions[i].task, regions[i].name),
                         1);
        assert_int_equal(count_events(&s, EVPROF_TIMELINE_REGION_END,
                                      regions[i].task, regions[i].name),
                         1);
    }
    story_free(&s);
}

/* More regions than are kept for a thread. */
static void
test_many_regions(void **state)
{
    (void)state;
    story_t s = story_begin();
    for (int i = 0; i < 40; i++) {
        tell_begin(&s, FIRST, EVPROF_TRACE_REGION_BEGIN, 2000 + i, 1, "deep");
    }
    for (int i = 0; i < 40; i++) {
        story_tell(&s, FIRST, EVPROF_TRACE_REGION_END, 3000 + i, 0);
    }
    story_finish(&s, 7000);
    assert_int_equal(count_events(&s, EVPROF_TIMELINE_REGION_BEGIN, 1, "deep"),
                     32);
    assert_int_equal(count_events(&s, EVPROF_TIMELINE_REGION_END, 1, "deep"),
                     32);
    story_free(&s);
}

static size_t slow_count;

static void
count_slow(void)
{
    slow_count++;
}

static void
tell_task_end(story_t *s, int64_t ns, uint64_t task)
{
    const told_t told = { .args = { task }, .arg_count = 1 };
    story_tell_all(s, SECOND, EVPROF_TRACE_TASK_END, ns, &told);
}

/* A task's end may be another thread's. Who asks for slow ones is told of those
 * without a parent that took as long or longer. */
static void
test_tasks(void **state)
{
    static const struct {
        int64_t end_ns;
        uint64_t parent;
        size_t slow_count;
    } cases[] = {
        { 2999, 0, 0 }, { 3000, 0, 1 }, { 6000, 0, 1 }, { 6000, 9, 0 }
    };
    (void)state;
    evprof_trace_slow_watch(1000, count_slow);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        story_t s = story_begin();
        const told_t begins = { .args = { 3, cases[i].parent },
                                .arg_count = 2,
                                .text = "task",
                                .text_len = sizeof("task") };
        story_tell_all(&s, FIRST, EVPROF_TRACE_TASK_BEGIN, 2000, &begins);
        tell_task_end(&s, cases[i].end_ns, 3);
        tell_task_end(&s, cases[i].end_ns + 1, 3);
        tell_task_end(&s, cases[i].end_ns + 2, 4);
        slow_count = 0;
        story_finish(&s, 7000);
        assert_int_equal(slow_count, cases[i].slow_count);
        assert_int_equal(
            count_events(&s, EVPROF_TIMELINE_TASK_BEGIN, 3, "task"), 1);
        for (size_t k = 0; k < s.read->event_count; k++) {
            const evprof_timeline_event_t *e = &s.read->events[k];
            if (e->kind == EVPROF_TIMELINE_TASK_BEGIN) {
                assert_int_equal(e->value, cases[i].parent);
                assert_int_equal(e->by, FIRST);
                assert_int_equal(e->ns, 2000);
            } else if (e->kind == EVPROF_TIMELINE_TASK_END) {
                assert_int_equal(e->by, SECOND);
            }
        }
        story_free(&s);
    }
    evprof_trace_slow_watch(0, NULL);
}

/* The first thread tells how large the heap is; nobody does where there is
 * none. */
static void
test_heap(void **state)
{
    (void)state;
    for (int is_seeded = 0; is_seeded < 2; is_seeded++) {
        story_t s = is_seeded ? story_begin() : story_begin_unseeded();
        evprof_trace_order_add(&s.order, EVPROF_TRACE_HEAP, 2000, 4096);
        story_tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
        story_finish(&s, 7000);
        size_t count = 0;
        for (size_t i = 0; i < s.read->event_count; i++) {
            const evprof_timeline_event_t *e = &s.read->events[i];
            if (e->kind == EVPROF_TIMELINE_HEAP) {
                assert_int_equal(e->value, 4096);
                assert_int_equal(e->ns, 2000);
                count++;
            }
        }
        assert_int_equal(count, is_seeded);
        story_free(&s);
    }
}

/* Telling of the heap ends no wait. */
static void
test_heap_within_a_wait(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2100, EVPROF_TRACE_SLEPT);
    evprof_trace_order_add(&s.order, EVPROF_TRACE_HEAP, 2500, 4096);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 2600, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2700, EVPROF_TRACE_SLEPT);
    story_tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 4000, EVPROF_TRACE_SLEPT);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST, "2000:waits 3000:ready(by 101) 4000:runs");
    story_free(&s);
}

static void
test_dropped_switches(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = story_begin();
    s.lost_switches = 2;
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2000, EVPROF_TRACE_PREEMPTED);
    assert_int_equal(s.order.lost_switches, 0);
    s.order.lost_switches = 4;
    story_finish(&s, 7000);
    assert_int_equal(s.generation->dropped_switches, 4);
    assert_int_equal(s.order.lost_switches, 0);
    assert_int_equal(story_count_logs(&s, "evprof: dropped", &text), 1);
    assert_string_equal(text, "2 switches of threads were dropped");
    story_free(&s);
}

/* ---- Samples ---- */

/* In place of what the sampler has taken; the linker binds calls to this. */
uint64_t __wrap_evprof_trace_samples_fetch(
    void (*take)(void *ctx, const evprof_trace_sample_t *sample), void *ctx);

static const evprof_trace_sample_t *samples;
static size_t sample_count;

uint64_t
__wrap_evprof_trace_samples_fetch(
    void (*take)(void *ctx, const evprof_trace_sample_t *sample), void *ctx)
{
    for (size_t i = 0; i < sample_count; i++) {
        take(ctx, &samples[i]);
    }
    sample_count = 0;
    return 4;
}

/* Each has the thread and the place where it was taken; those of threads that
 * are not in the trace are left out. */
static void
test_samples(void **state)
{
    (void)state;
    enum { MANY = 12000 };
    static evprof_trace_sample_t taken[MANY];
    static const uint64_t pcs[] = { 0x6000, 0x6100 };
    for (size_t i = 0; i < MANY; i++) {
        taken[i] = (evprof_trace_sample_t){ .ns = 2000 + (int64_t)i,
                                            .tid = i % 2 == 0 ? FIRST : THIRD,
                                            .pcs = pcs + (i / 2) % 2,
                                            .count = 2 - (i / 2) % 2 };
    }
    taken[1].tid = SECOND + 100;
    samples = taken;
    sample_count = MANY;
    story_t s = story_begin_alone();
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE, 1900, EVPROF_WAIT_MUTEX);
    story_finish(&s, 50000);
    assert_int_equal(s.generation->dropped, 4);
    assert_true(s.generation->bytes >= s.generation->samples.len);
    size_t count = 0;
    size_t at = 0;
    for (size_t i = 0; i < s.read->event_count; i++) {
        const evprof_timeline_event_t *e = &s.read->events[i];
        if (e->kind != EVPROF_TIMELINE_SAMPLE) {
            continue;
        }
        at += at == 1; /* it is not there */
        assert_int_equal(e->ns, taken[at].ns);
        assert_int_equal(e->by, taken[at].tid);
        assert_int_equal(leaf_of(&s, e->stack), taken[at].pcs[0]);
        count++;
        at++;
    }
    assert_int_equal(count, MANY - 1);
    story_free(&s);
}

/* ---- Names ---- */

static evprof_function_t functions[] = {
    { .name = "leaf", .filename = "leaf.c" },
    { .name = "body", .filename = "body.c" },
    { .name = "routine", .filename = "" },
    { .name = "start_thread", .filename = "nptl.c" },
    { .name = "__libc_start_main_impl", .filename = "" },
};

static evprof_line_t inlined[] = { { .function = 0, .line = 3 },
                                   { .function = 1, .line = 14 } };
static evprof_line_t plain[] = { { .function = 2, .line = -1 } };
static evprof_line_t prologue[] = { { .function = 3 } };
static evprof_line_t first[] = { { .function = 4 } };
static evprof_line_t nameless[] = { { .function = EVPROF_NO_INDEX } };

static int
give_names(evprof_pprof_t *p, evprof_error_t *err)
{
    (void)err;
    p->functions = functions;
    p->function_count = sizeof(functions) / sizeof(functions[0]);
    for (size_t i = 0; i < p->location_count; i++) {
        evprof_location_t *location = &p->locations[i];
        evprof_line_t *lines[] = { inlined, plain,    prologue,
                                   first,   nameless, NULL };
        /* Return addresses mean the instruction before. */
        const size_t which = (location->address + 1) >> 8 & 7;
        assert_true(which < sizeof(lines) / sizeof(lines[0]));
        location->lines = lines[which];
        location->line_count = which == 0 ? 2 : which == 5 ? 0 : 1;
    }
    return EVPROF_OK;
}

static void
test_names_of_frames(void **state)
{
    static const struct {
        uint64_t pcs[4];
        size_t count;
        const char *names; /* leaf first */
    } cases[] = {
        { { 0x8000, 0x8100, 0x8200 },
          3,
          "leaf leaf.c:3 body body.c:14 "
          "routine :0 " },
        { { 0x8100, 0x8200, 0x8300 }, 3, "routine :0 " },
        { { 0x8200, 0x8100, 0x8300 }, 3, "start_thread nptl.c:0 routine :0 " },
        { { 0x8200, 0x8300 }, 2, "start_thread nptl.c:0 " },
        { { 0x8200 }, 1, "start_thread nptl.c:0 " },
        { { 0x8100, 0x8500, 0x8200 }, 3, "routine :0  :0 " },
        { { 0x8100, 0x8400 }, 2, "routine :0  :0 " },
        { { 0x8500 }, 1, " :0 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256] = "";
        size_t len = 0;
        const evprof_trace_sample_t sample = { .ns = 2000,
                                               .tid = FIRST,
                                               .pcs = cases[i].pcs,
                                               .count = cases[i].count };
        samples = &sample;
        sample_count = 1;
        story_t s = story_begin_alone();
        s.name = give_names;
        story_finish(&s, 7000);
        for (size_t k = 0; k < s.read->event_count; k++) {
            const evprof_timeline_event_t *e = &s.read->events[k];
            if (e->kind != EVPROF_TIMELINE_SAMPLE) {
                continue;
            }
            uint64_t last = 0;
            for (uint32_t f = 0; f < s.read->stacks[e->stack].count; f++) {
                const evprof_timeline_frame_t *frame =
                    evprof_timeline_frame(s.read, e->stack, f);
                len += (size_t)snprintf(text + len, sizeof(text) - len,
                                        "%s %s:%lld ", frame->function,
                                        frame->file, (long long)frame->line);
                assert_int_not_equal(frame->pc, last);
                /* An inlined frame has a pc of its own. */
                assert_int_equal(frame->pc >> 48,
                                 strcmp(frame->function, "leaf") == 0);
                last = frame->pc;
            }
        }
        assert_string_equal(text, cases[i].names);
        story_free(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_wait),
        cmocka_unit_test(test_nobody_is_known),
        cmocka_unit_test(test_stacks_of_waits),
        cmocka_unit_test(test_names_of_generations),
        cmocka_unit_test(test_used_again),
        cmocka_unit_test(test_ended),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_made_before),
        cmocka_unit_test(test_one_after_another),
        cmocka_unit_test(test_same_time),
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_many_regions),
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_heap_within_a_wait),
        cmocka_unit_test(test_dropped_switches),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_names_of_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
