/* SPDX-License-Identifier: Apache-2.0 */
/* What threads write into their rings, by themselves and for the program. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <evprof/trace.h>

#include "core/base/own_thread.h"
#include "core/sample/contention.h"
#include "core/sample/threads.h"
#include "core/trace/emit.h"
#include "core/trace/ring.h"
#include "core/trace/stacks.h"
#include "core/trace/view.h"

#define KEEP __attribute__((noinline))

enum { SESSION = 5 };

/* The linker gives calls of pthread_create() to this. */
int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                          void *(*routine)(void *), void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                          void *(*routine)(void *), void *arg);

static bool is_refused;
static void *(*last_routine)(void *);

int
__wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                      void *(*routine)(void *), void *arg)
{
    last_routine = routine;
    return is_refused ? EAGAIN : __real_pthread_create(out, attr, routine, arg);
}

/* ---- Reading a ring ---- */

typedef struct event {
    evprof_trace_view_t view;
    int64_t ns;
    uint64_t words[512];
} event_t;

/* Takes the oldest event; false: there is none. */
static bool
take(evprof_trace_ring_t *ring, event_t *out)
{
    uint64_t tail = atomic_load(&ring->tail);
    const uint64_t head = atomic_load(&ring->head);
    if (tail == head) {
        return false;
    }
    /* As many words as there may be; the view says how many are its own. */
    for (size_t i = 0; i < 512; i++) {
        out->words[i] = ring->words[(tail + i) % EVPROF_TRACE_RING_WORDS];
    }
    out->view = evprof_trace_view(out->words);
    out->ns = (int64_t)out->words[1];
    const uint64_t size = (uint64_t)(out->view.pcs - out->words) +
                          out->view.depth + (out->view.text_len + 7) / 8;
    assert_true(size <= head - tail);
    atomic_store(&ring->tail, tail + size);
    return true;
}

/* Takes the next event of the caller's own ring. */
static const evprof_trace_view_t *
next(enum evprof_trace_type type)
{
    static event_t event;
    assert_true(take(evprof_trace_ring(), &event));
    assert_int_equal(event.view.type, type);
    return &event.view;
}

static void
expect_no_more(void)
{
    const evprof_trace_ring_t *ring = evprof_trace_ring();
    assert_int_equal(atomic_load(&ring->tail), atomic_load(&ring->head));
}

/* Whether the leaf is in the first bytes of that function. */
static bool
is_leaf(const evprof_trace_view_t *view, uintptr_t function)
{
    return view->depth > 0 && view->pcs[0] > function &&
           view->pcs[0] - function < 4096;
}

static int
begin(void **state)
{
    (void)state;
    evprof_trace_ring_t *ring = evprof_trace_ring();
    assert_non_null(ring);
    atomic_store(&evprof_trace_session, SESSION);
    evprof_trace_watch(true);
    atomic_store(&ring->tail, atomic_load(&ring->head));
    return 0;
}

static int
end(void **state)
{
    (void)state;
    evprof_trace_watch(false);
    atomic_store(&evprof_trace_session, 0);
    return 0;
}

/* ---- Waits ---- */

static void
test_waits(void **state)
{
    (void)state;
    int lock = 0;
    evprof_wait_t wait;
    evprof_wait_begin(&wait, EVPROF_WAIT_COND, &lock,
                      __builtin_return_address(0));
    evprof_wait_end(&wait, ETIMEDOUT);
    evprof_wake(EVPROF_WAIT_SEMAPHORE, &lock, __builtin_return_address(0));
    evprof_wake_all(EVPROF_WAIT_COND, &lock, __builtin_return_address(0));
    const evprof_trace_view_t *view = next(EVPROF_TRACE_WAIT);
    assert_int_equal(view->args[0], EVPROF_WAIT_COND);
    assert_int_equal(view->args[1], (uintptr_t)&lock);
    assert_true(view->depth > 0);
    assert_int_equal(view->pcs[0], (uintptr_t)__builtin_return_address(0));
    assert_int_equal(view->args[-1], wait.start_ns);
    view = next(EVPROF_TRACE_RETURN);
    assert_int_equal(view->args[0], EVPROF_WAIT_COND);
    assert_int_equal(view->args[1], (uintptr_t)&lock);
    assert_int_equal(view->args[2], ETIMEDOUT);
    assert_int_equal(view->depth, 0);
    view = next(EVPROF_TRACE_WAKE);
    assert_int_equal(view->args[0], EVPROF_WAIT_SEMAPHORE);
    assert_int_equal(view->args[1], (uintptr_t)&lock);
    assert_int_equal(view->pcs[0], (uintptr_t)__builtin_return_address(0));
    view = next(EVPROF_TRACE_WAKE_ALL);
    assert_int_equal(view->args[0], EVPROF_WAIT_COND);
    expect_no_more();
    evprof_trace_watch(false);
    evprof_wake(EVPROF_WAIT_SEMAPHORE, &lock, __builtin_return_address(0));
    expect_no_more();
}

/* ---- Threads ---- */

static void *
run(void *record)
{
    evprof_thread_enter(record);
    return record;
}

static evprof_trace_ring_t *
ring_of(const evprof_thread_t *thread, uint32_t generation)
{
    evprof_trace_ring_t *ring = evprof_trace_rings();
    while (ring != NULL &&
           (ring->record != thread->index || ring->generation != generation)) {
        ring = ring->next;
    }
    return ring;
}

static uint64_t
address_of(void *(*routine)(void *))
{
    uint64_t address = 0;
    memcpy(&address, &routine, sizeof(routine));
    return address;
}

static void
test_thread(void **state)
{
    (void)state;
    pthread_t thread;
    evprof_thread_t *record = evprof_thread_prepare(0);
    assert_non_null(record);
    const uint32_t generation = atomic_load(&record->generation);
    record->start = run;
    evprof_thread_announce(record, __builtin_return_address(0));
    const evprof_trace_view_t *view = next(EVPROF_TRACE_CREATE);
    assert_int_equal(view->args[0], record->index);
    assert_int_equal(view->args[1], generation);
    assert_int_equal(view->args[2], address_of(run));
    assert_int_equal(view->pcs[0], (uintptr_t)__builtin_return_address(0));
    expect_no_more();
    assert_int_equal(pthread_create(&thread, NULL, run, record), 0);
    const pthread_t id = thread;
    assert_int_equal(pthread_join(thread, NULL), 0);
    expect_no_more();
    evprof_trace_ring_t *ring = ring_of(record, generation);
    event_t event;
    assert_non_null(ring);
    assert_true(take(ring, &event));
    assert_int_equal(event.view.type, EVPROF_TRACE_START);
    assert_int_equal(event.view.args[0], address_of(run));
    assert_true(take(ring, &event));
    assert_int_equal(event.view.type, EVPROF_TRACE_END);
    assert_memory_equal(event.view.args, &id, sizeof(id));
    assert_false(take(ring, &event));
    assert_int_equal(atomic_load(&ring->is_ended), 1);
    evprof_trace_rings_reap();
    assert_null(ring_of(record, generation));
}

/* Nothing is told while nobody records, nor of the library's own threads. */
static void
test_threads_that_are_not_told(void **state)
{
    (void)state;
    pthread_t thread;
    is_refused = true;
    assert_int_equal(
        evprof_own_thread_start(EVPROF_OWN_TRACE, &thread, run, NULL), EAGAIN);
    is_refused = false;
    void *(*const own)(void *) = last_routine;
    assert_true(evprof_own_thread_is(own));
    for (int is_own = 0; is_own < 2; is_own++) {
        evprof_thread_t *record = evprof_thread_prepare(0);
        assert_non_null(record);
        const uint32_t generation = atomic_load(&record->generation);
        record->start = is_own ? own : run;
        atomic_store(&evprof_trace_session, is_own ? SESSION : 0);
        evprof_thread_announce(record, __builtin_return_address(0));
        expect_no_more();
        assert_int_equal(pthread_create(&thread, NULL, run, record), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        evprof_trace_ring_t *ring = ring_of(record, generation);
        event_t event;
        /* That one ended is told of all that were not marked as ours. */
        assert_true(ring == NULL || !take(ring, &event) ||
                    (is_own && event.view.type == EVPROF_TRACE_END));
    }
}

/* ---- What the program says ---- */

static int token;
static evprof_task_t task;

KEEP static void
call_log(void)
{
    evprof_trace_log(7, "key", "value");
    __asm__ volatile("" ::: "memory");
}

KEEP static void
call_region_begin(void)
{
    token = evprof_region_begin(7, "region");
    __asm__ volatile("" ::: "memory");
}

KEEP static void
call_region_end(void)
{
    evprof_region_end(token);
    __asm__ volatile("" ::: "memory");
}

KEEP static void
call_task_new(void)
{
    task = evprof_task_new(6, "task");
    __asm__ volatile("" ::: "memory");
}

KEEP static void
call_task_end(void)
{
    evprof_task_end(task);
    __asm__ volatile("" ::: "memory");
}

/* Each event has its caller as the leaf of its stack. */
static void
test_program(void **state)
{
    (void)state;
    assert_true(evprof_trace_is_enabled());
    call_log();
    const evprof_trace_view_t *view = next(EVPROF_TRACE_LOG);
    assert_int_equal(view->args[0], 7);
    assert_int_equal(view->text_len, sizeof("key\0value") - 1);
    assert_memory_equal(view->text, "key\0value", view->text_len);
    assert_true(is_leaf(view, (uintptr_t)call_log));
    call_region_begin();
    view = next(EVPROF_TRACE_REGION_BEGIN);
    assert_int_equal(view->args[0], 7);
    assert_memory_equal(view->text, "region", view->text_len);
    assert_true(is_leaf(view, (uintptr_t)call_region_begin));
    call_region_end();
    view = next(EVPROF_TRACE_REGION_END);
    assert_true(is_leaf(view, (uintptr_t)call_region_end));
    call_task_new();
    view = next(EVPROF_TRACE_TASK_BEGIN);
    assert_int_equal(view->args[0], task);
    assert_int_equal(view->args[1], 6);
    assert_memory_equal(view->text, "task", view->text_len);
    assert_true(is_leaf(view, (uintptr_t)call_task_new));
    call_task_end();
    view = next(EVPROF_TRACE_TASK_END);
    assert_int_equal(view->args[0], task);
    assert_true(is_leaf(view, (uintptr_t)call_task_end));
    expect_no_more();
}

/* Texts are cut at 1024 bytes; there may be none. */
static void
test_texts(void **state)
{
    static char text[1100];
    static const struct {
        size_t len;
        size_t kept;
    } cases[] = { { 0, 0 },       { 1, 1 },       { 1023, 1023 },
                  { 1024, 1024 }, { 1025, 1024 }, { 1099, 1024 } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(text, 'x', sizeof(text));
        text[cases[i].len] = '\0';
        const size_t kept = cases[i].kept;
        evprof_trace_log(0, text, text);
        const evprof_trace_view_t *view = next(EVPROF_TRACE_LOG);
        assert_int_equal(view->text_len, 2 * kept + 1);
        assert_int_equal(view->text[kept], '\0');
        assert_memory_equal(view->text, text, kept);
        assert_memory_equal(view->text + kept + 1, text, kept);
        evprof_region_end(evprof_region_begin(0, text));
        assert_int_equal(next(EVPROF_TRACE_REGION_BEGIN)->text_len, kept);
        (void)next(EVPROF_TRACE_REGION_END);
    }
    evprof_trace_log(0, NULL, NULL);
    assert_int_equal(next(EVPROF_TRACE_LOG)->text_len, 1);
    assert_int_not_equal(evprof_task_new(0, NULL), 0);
    assert_int_equal(next(EVPROF_TRACE_TASK_BEGIN)->text_len, 0);
}

/* A region ends with those within it, and no other session's. */
static void
test_regions(void **state)
{
    (void)state;
    int tokens[40];
    const int outer = evprof_region_begin(0, "outer");
    const int inner = evprof_region_begin(0, "inner");
    (void)next(EVPROF_TRACE_REGION_BEGIN);
    (void)next(EVPROF_TRACE_REGION_BEGIN);
    evprof_region_end(outer);
    (void)next(EVPROF_TRACE_REGION_END);
    (void)next(EVPROF_TRACE_REGION_END);
    evprof_region_end(inner);
    evprof_region_end(outer);
    evprof_region_end(0);
    expect_no_more();
    for (size_t i = 0; i < 40; i++) {
        tokens[i] = evprof_region_begin(0, "deep");
        if (i < EVPROF_TRACE_REGIONS_MAX) {
            (void)next(EVPROF_TRACE_REGION_BEGIN);
        }
        expect_no_more();
    }
    for (size_t i = 40; i-- > 1;) {
        evprof_region_end(tokens[i]);
        if (i < EVPROF_TRACE_REGIONS_MAX) {
            (void)next(EVPROF_TRACE_REGION_END);
        }
        expect_no_more();
    }
    atomic_store(&evprof_trace_session, SESSION + 1);
    evprof_region_end(tokens[0]);
    expect_no_more();
    const int later = evprof_region_begin(0, "later");
    (void)next(EVPROF_TRACE_REGION_BEGIN);
    evprof_region_end(tokens[0]);
    expect_no_more();
    evprof_region_end(later);
    (void)next(EVPROF_TRACE_REGION_END);
    expect_no_more();
}

static void
test_nobody_records(void **state)
{
    (void)state;
    const int before = evprof_region_begin(0, "before");
    (void)next(EVPROF_TRACE_REGION_BEGIN);
    atomic_store(&evprof_trace_session, 0);
    assert_false(evprof_trace_is_enabled());
    evprof_trace_log(0, "key", "value");
    assert_int_equal(evprof_task_new(0, "task"), 0);
    evprof_task_end(4);
    evprof_region_end(evprof_region_begin(0, "region"));
    evprof_region_end(before);
    expect_no_more();
    atomic_store(&evprof_trace_session, SESSION);
    evprof_task_end(0);
    expect_no_more();
}

/* ---- Stacks ---- */

/* So many stacks a tenth of a second, and the rest is counted. */
static void
test_budget(void **state)
{
    (void)state;
    enum { MOST = EVPROF_TRACE_STACKS_A_SECOND / 10, TENTH = 100000000 };
    const uint64_t spared = evprof_trace_stacks_spared();
    for (int64_t window = 1000; window < 1003; window++) {
        for (int i = 0; i < MOST; i++) {
            assert_true(evprof_trace_stack_is_due(window * TENTH + i));
        }
        assert_false(evprof_trace_stack_is_due(window * TENTH + TENTH - 1));
    }
    assert_int_equal(evprof_trace_stacks_spared(), spared + 3);
}

/* Each stack has one number, whatever others it begins like. */
static void
test_table_of_stacks(void **state)
{
    (void)state;
    enum { DEPTH = 40 };
    uint64_t pcs[DEPTH];
    evprof_trace_stacks_t stacks = { .words = NULL };
    for (size_t i = 0; i < DEPTH; i++) {
        pcs[i] = 0x1000 + i;
    }
    assert_int_equal(evprof_trace_stacks_add(&stacks, pcs, 0), 0);
    for (int round = 0; round < 2; round++) {
        uint32_t number = 1;
        for (size_t at = 0; at < DEPTH; at++) {
            for (size_t len = 1; len <= DEPTH - at; len++, number++) {
                assert_int_equal(
                    evprof_trace_stacks_add(&stacks, pcs + at, len), number);
                size_t count = 0;
                const uint64_t *words =
                    evprof_trace_stacks_at(&stacks, number, &count);
                assert_int_equal(count, len);
                assert_memory_equal(words, pcs + at, len * sizeof(*pcs));
            }
        }
        assert_int_equal(stacks.count, number - 1);
    }
    evprof_trace_stacks_free(&stacks);
    assert_int_equal(stacks.count, 0);
    assert_int_equal(evprof_trace_stacks_add(&stacks, pcs + 5, 2), 1);
    evprof_trace_stacks_free(&stacks);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_waits),
        TEST(test_thread),
        TEST(test_threads_that_are_not_told),
        TEST(test_program),
        TEST(test_texts),
        TEST(test_regions),
        TEST(test_nobody_records),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_table_of_stacks),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
