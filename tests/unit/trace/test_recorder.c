/* SPDX-License-Identifier: Apache-2.0 */
/* A recording from its beginning to its end, and another one after it. */
#include "core/trace/recorder.h"

#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <evprof/trace.h>

#include "core/base/read_file.h"
#include "core/base/stream.h"
#include "core/timeline/timeline.h"

static int
no_names(evprof_pprof_t *p, evprof_error_t *err)
{
    (void)p;
    (void)err;
    return EVPROF_OK;
}

static void
begin_with(enum evprof_trace_user user, const evprof_trace_limits_t *limits)
{
    evprof_error_t err = { .message = "" };
    if (evprof_trace_begin(user, limits, NULL, 0, &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
}

static void
begin(enum evprof_trace_user user, size_t keep_bytes)
{
    const evprof_trace_limits_t limits = { .keep_bytes = keep_bytes,
                                           .no_switches = "not in this test" };
    begin_with(user, &limits);
}

static evprof_timeline_t *
take(enum evprof_trace_user user)
{
    evprof_buf_t bytes = { 0 };
    const evprof_writer_t out = evprof_writer_buf(&bytes);
    evprof_error_t err = { .message = "" };
    evprof_timeline_t *read = NULL;
    if (evprof_trace_write(user, no_names, &out, &err) != EVPROF_OK ||
        evprof_timeline_read(bytes.data, bytes.len, &read, &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    evprof_buf_free(&bytes);
    return read;
}

/* How many events of a kind there are with that text. */
static size_t
count(const evprof_timeline_t *t, enum evprof_timeline_kind kind,
      const char *text)
{
    size_t found = 0;
    for (size_t i = 0; i < t->event_count; i++) {
        found +=
            t->events[i].kind == kind && strcmp(t->events[i].text, text) == 0;
    }
    return found;
}

static void
test_regions_of_each_recording(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        int early = evprof_region_begin(0, "early");
        begin(EVPROF_TRACE_WINDOW, 0);
        evprof_region_end(early);
        evprof_task_t task = evprof_task_new(0, "task");
        assert_int_not_equal(task, 0);
        int outer = evprof_region_begin(task, "outer");
        int inner = evprof_region_begin(task, "inner");
        evprof_region_end(inner);
        evprof_region_end(outer);
        evprof_task_end(task);
        evprof_timeline_t *t = take(EVPROF_TRACE_WINDOW);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "early"), 0);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_END, "early"), 0);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "outer"), 1);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_END, "outer"), 1);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "inner"), 1);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_END, "inner"), 1);
        for (size_t k = 0; k < t->event_count; k++) {
            const evprof_timeline_event_t *e = &t->events[k];
            if (e->kind == EVPROF_TIMELINE_REGION_BEGIN) {
                assert_int_equal(e->of, task);
            }
        }
        evprof_timeline_free(t);
        evprof_trace_end(EVPROF_TRACE_WINDOW);
        assert_false(evprof_trace_is_recording());
        assert_int_equal(evprof_task_new(0, "late"), 0);
    }
}

/* Appends what has come since the last part. */
static void
add_part(evprof_buf_t *bytes)
{
    const evprof_writer_t out = evprof_writer_buf(bytes);
    evprof_error_t err = { .message = "" };
    if (evprof_trace_write_part(EVPROF_TRACE_WINDOW, no_names, &out, &err) !=
        EVPROF_OK) {
        fail_msg("%s", err.message);
    }
}

static evprof_timeline_t *
read_bytes(const evprof_buf_t *bytes)
{
    evprof_timeline_t *read = NULL;
    evprof_error_t err = { .message = "" };
    if (evprof_timeline_read(bytes->data, bytes->len, &read, &err) !=
        EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    return read;
}

/* A trace in parts is one trace, also when its end is missing; the flight
 * recorder keeps what is its own. */
static void
test_a_trace_in_parts(void **state)
{
    (void)state;
    evprof_buf_t bytes = { 0 };
    const evprof_writer_t out = evprof_writer_buf(&bytes);
    evprof_error_t err = { .message = "" };
    evprof_trace_stats_t stats;
    assert_int_equal(
        evprof_trace_write_part(EVPROF_TRACE_WINDOW, no_names, &out, &err),
        EVPROF_ESTATE);
    for (int with_flight = 0; with_flight < 2; with_flight++) {
        begin(EVPROF_TRACE_WINDOW, 0);
        if (with_flight != 0) {
            begin(EVPROF_TRACE_FLIGHT, 0);
        }
        int outer = evprof_region_begin(0, "outer");
        for (size_t i = 0; i < 4; i++) {
            evprof_region_end(evprof_region_begin(0, "inner"));
            add_part(&bytes);
            evprof_timeline_t *t = read_bytes(&bytes);
            assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "inner"),
                             i + 1);
            assert_int_equal(count(t, EVPROF_TIMELINE_REGION_END, "outer"), 0);
            evprof_timeline_free(t);
            evprof_trace_stats(&stats);
            assert_true((stats.generations > 0) == (with_flight != 0));
        }
        evprof_region_end(outer);
        assert_int_equal(
            evprof_trace_write(EVPROF_TRACE_WINDOW, no_names, &out, &err),
            EVPROF_OK);
        evprof_timeline_t *t = read_bytes(&bytes);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "inner"), 4);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "outer"), 1);
        assert_int_equal(count(t, EVPROF_TIMELINE_REGION_END, "outer"), 1);
        assert_int_equal(count(t, EVPROF_TIMELINE_LOG, "evprof: states"), 1);
        evprof_timeline_free(t);
        if (with_flight != 0) {
            t = take(EVPROF_TRACE_FLIGHT);
            assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "inner"),
                             4);
            evprof_timeline_free(t);
            evprof_trace_end(EVPROF_TRACE_FLIGHT);
        }
        evprof_trace_end(EVPROF_TRACE_WINDOW);
        evprof_buf_clear(&bytes);
    }
    evprof_buf_free(&bytes);
}

/* Each writing cuts a generation. */
static void
test_what_is_kept_is_bounded(void **state)
{
    (void)state;
    evprof_trace_stats_t stats;
    int64_t begin_ns = 0;
    begin(EVPROF_TRACE_FLIGHT, 1);
    for (int i = 0; i < 5; i++) {
        evprof_timeline_t *t = take(EVPROF_TRACE_FLIGHT);
        assert_true(t->start_ns > begin_ns);
        begin_ns = t->start_ns;
        evprof_timeline_free(t);
        evprof_trace_stats(&stats);
        assert_int_equal(stats.generations, 1);
    }
    /* What another user wants is kept for both. */
    begin(EVPROF_TRACE_WINDOW, 0);
    for (int i = 0; i < 5; i++) {
        evprof_timeline_free(take(EVPROF_TRACE_WINDOW));
    }
    evprof_trace_stats(&stats);
    assert_true(stats.generations >= 5);
    assert_true(stats.bytes > 0);
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    evprof_trace_stats(&stats);
    assert_int_equal(stats.generations, 1);
    evprof_trace_end(EVPROF_TRACE_FLIGHT);
    evprof_trace_stats(&stats);
    assert_int_equal(stats.generations, 0);
    assert_int_equal(stats.bytes, 0);
}

/* Whether a trace of `user` says so of how states are known. */
static bool
says(enum evprof_trace_user user, const char *part)
{
    evprof_region_end(evprof_region_begin(0, "somebody is there"));
    evprof_timeline_t *t = take(user);
    bool out = false;
    assert_int_equal(count(t, EVPROF_TIMELINE_LOG, "evprof: states"), 1);
    for (size_t i = 0; i < t->event_count; i++) {
        const evprof_timeline_event_t *e = &t->events[i];
        out = out || (e->kind == EVPROF_TIMELINE_LOG &&
                      strcmp(e->text, "evprof: states") == 0 &&
                      strstr(e->more, part) != NULL);
    }
    evprof_timeline_free(t);
    return out;
}

/* Switches are followed while one user wants them; where none does, the trace
 * says why, by the first user's words. */
static void
test_who_wants_switches(void **state)
{
    (void)state;
    const evprof_trace_limits_t window = { .no_switches = "window is without" };
    const evprof_trace_limits_t flight = { .no_switches = "flight is without" };
    const evprof_trace_limits_t all = { .no_switches = NULL };
    begin_with(EVPROF_TRACE_FLIGHT, &flight);
    assert_true(says(EVPROF_TRACE_FLIGHT, "(flight is without)"));
    begin_with(EVPROF_TRACE_WINDOW, &window);
    assert_true(says(EVPROF_TRACE_FLIGHT, "(window is without)"));
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    assert_true(says(EVPROF_TRACE_FLIGHT, "(flight is without)"));
    begin_with(EVPROF_TRACE_WINDOW, &all);
    assert_false(says(EVPROF_TRACE_FLIGHT, "is without"));
    assert_false(says(EVPROF_TRACE_WINDOW, "is without"));
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    assert_true(says(EVPROF_TRACE_FLIGHT, "(flight is without)"));
    evprof_trace_end(EVPROF_TRACE_FLIGHT);
}

/* How many threads there are by the collector's name. */
static size_t
count_collectors(void)
{
    size_t collectors = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300];
        char name[32] = "";
        (void)snprintf(path, sizeof(path), "%s/comm", task->d_name);
        (void)evprof_read_start(dirfd(tasks), path, name, sizeof(name));
        collectors += strcmp(name, "evprof-trace\n") == 0;
    }
    closedir(tasks);
    return collectors;
}

/* A thread names itself a moment after it was made, and the kernel may still be
 * at its end when it was joined. */
static void
wait_for_collectors(size_t count)
{
    while (count_collectors() != count) {
        sched_yield();
    }
}

/* The collector's thread is there as long as somebody records. */
static void
test_thread_of_the_collector(void **state)
{
    (void)state;
    wait_for_collectors(0);
    for (int i = 0; i < 2; i++) {
        begin(EVPROF_TRACE_WINDOW, 0);
        wait_for_collectors(1);
        begin(EVPROF_TRACE_FLIGHT, 0);
        evprof_trace_end(EVPROF_TRACE_WINDOW);
        assert_int_equal(count_collectors(), 1);
        evprof_trace_end(EVPROF_TRACE_FLIGHT);
        wait_for_collectors(0);
    }
}

/* What is refused, and that it changes nothing. */
static void
test_refusals(void **state)
{
    (void)state;
    evprof_buf_t bytes = { 0 };
    const evprof_writer_t out = evprof_writer_buf(&bytes);
    const evprof_trace_limits_t limits = { .keep_ns = 0 };
    evprof_error_t err = { .message = "" };
    assert_int_equal(
        evprof_trace_write(EVPROF_TRACE_WINDOW, no_names, &out, &err),
        EVPROF_ESTATE);
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    begin(EVPROF_TRACE_WINDOW, 0);
    assert_int_equal(
        evprof_trace_begin(EVPROF_TRACE_WINDOW, &limits, NULL, 0, &err),
        EVPROF_EBUSY);
    assert_int_equal(
        evprof_trace_write(EVPROF_TRACE_FLIGHT, no_names, &out, &err),
        EVPROF_ESTATE);
    evprof_trace_end(EVPROF_TRACE_FLIGHT);
    assert_int_equal(bytes.len, 0);
    assert_true(evprof_trace_is_recording());
    evprof_timeline_free(take(EVPROF_TRACE_WINDOW));
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    assert_false(evprof_trace_is_recording());
    evprof_buf_free(&bytes);
}

static int
fail_to_name(evprof_pprof_t *p, evprof_error_t *err)
{
    (void)p;
    (void)err;
    return EVPROF_ELIMIT;
}

static int
fail_to_write(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return EVPROF_EIO;
}

/* What names stacks and what takes the bytes may fail; the recording goes
 * on. */
static void
test_failures_of_others(void **state)
{
    (void)state;
    evprof_buf_t bytes = { 0 };
    const evprof_writer_t out = evprof_writer_buf(&bytes);
    const evprof_writer_t broken = { .write = fail_to_write };
    evprof_error_t err = { .message = "" };
    begin(EVPROF_TRACE_WINDOW, 0);
    assert_int_equal(
        evprof_trace_write(EVPROF_TRACE_WINDOW, fail_to_name, &out, &err),
        EVPROF_ELIMIT);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(
        evprof_trace_write(EVPROF_TRACE_WINDOW, no_names, &broken, &err),
        EVPROF_EIO);
    evprof_timeline_free(take(EVPROF_TRACE_WINDOW));
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    evprof_buf_free(&bytes);
}

/* Threads that were there, as they were; the second user has none. */
static void
test_seeds(void **state)
{
    (void)state;
    enum { ASLEEP = 7000001, RUNNING, LATE, DEEP = 200 };
    static uintptr_t pcs[DEEP];
    const evprof_trace_limits_t limits = { .no_switches = "not in this test" };
    const evprof_trace_seed_t seeds[] = {
        { .tid = ASLEEP, .is_asleep = true, .pcs = pcs, .count = DEEP },
        { .tid = RUNNING, .is_asleep = false, .pcs = pcs, .count = 2 },
    };
    const evprof_trace_seed_t late = { .tid = LATE, .pcs = pcs, .count = 2 };
    evprof_error_t err = { .message = "" };
    size_t seen[3] = { 0 };
    for (size_t i = 0; i < DEEP; i++) {
        pcs[i] = 0x5001 + i * 16;
    }
    assert_int_equal(
        evprof_trace_begin(EVPROF_TRACE_WINDOW, &limits, seeds, 2, &err),
        EVPROF_OK);
    assert_int_equal(
        evprof_trace_begin(EVPROF_TRACE_FLIGHT, &limits, &late, 1, &err),
        EVPROF_OK);
    evprof_timeline_t *t = take(EVPROF_TRACE_WINDOW);
    for (size_t i = 0; i < t->event_count; i++) {
        const evprof_timeline_event_t *e = &t->events[i];
        if (e->kind != EVPROF_TIMELINE_STATE || e->of < ASLEEP ||
            e->from != EVPROF_TIMELINE_UNKNOWN) {
            continue;
        }
        assert_int_equal(e->to, e->of == ASLEEP ? EVPROF_GO_WAITING
                                                : EVPROF_GO_RUNNING);
        assert_int_equal(t->stacks[e->own_stack].count,
                         e->of == ASLEEP ? 128 : 2);
        assert_int_equal(evprof_timeline_frame(t, e->own_stack, 0)->pc, 0x5000);
        assert_int_equal(evprof_timeline_frame(t, e->own_stack, 1)->pc, 0x5010);
        seen[e->of - ASLEEP]++;
    }
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 1);
    assert_int_equal(seen[2], 0);
    evprof_timeline_free(t);
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    evprof_trace_end(EVPROF_TRACE_FLIGHT);
}

static void
tell_something(void)
{
    evprof_region_end(evprof_region_begin(0, "something"));
}

/* Generations that ended too long ago go. */
static void
test_old_ones_go(void **state)
{
    static const struct {
        int64_t keep_ns;
        bool is_kept;
    } cases[] = { { 1, false }, { INT64_MAX / 2, true }, { 0, true } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const evprof_trace_limits_t limits = { .keep_ns = cases[i].keep_ns,
                                               .no_switches =
                                                   "not in this test" };
        evprof_trace_stats_t stats;
        begin_with(EVPROF_TRACE_FLIGHT, &limits);
        for (int k = 0; k < 4; k++) {
            tell_something();
            evprof_timeline_t *t = take(EVPROF_TRACE_FLIGHT);
            assert_int_equal(
                count(t, EVPROF_TIMELINE_REGION_BEGIN, "something"),
                cases[i].is_kept ? k + 1 : 1);
            evprof_timeline_free(t);
        }
        evprof_trace_stats(&stats);
        assert_true(cases[i].is_kept ? stats.generations >= 4
                                     : stats.generations == 1);
        evprof_trace_end(EVPROF_TRACE_FLIGHT);
    }
}

/* Who begins later does not see what was before. */
static void
test_each_has_its_own(void **state)
{
    (void)state;
    begin(EVPROF_TRACE_FLIGHT, 0);
    tell_something();
    begin(EVPROF_TRACE_WINDOW, 0);
    tell_something();
    evprof_timeline_t *t = take(EVPROF_TRACE_WINDOW);
    assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "something"), 1);
    evprof_timeline_free(t);
    t = take(EVPROF_TRACE_FLIGHT);
    assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "something"), 2);
    evprof_timeline_free(t);
    evprof_trace_end(EVPROF_TRACE_FLIGHT);
    t = take(EVPROF_TRACE_WINDOW);
    assert_int_equal(count(t, EVPROF_TIMELINE_REGION_BEGIN, "something"), 1);
    evprof_timeline_free(t);
    evprof_trace_end(EVPROF_TRACE_WINDOW);
}

/* More than the rings hold is counted, in all and in the trace. */
static void
test_dropped_events(void **state)
{
    (void)state;
    evprof_trace_stats_t before;
    evprof_trace_stats_t stats;
    evprof_trace_stats(&before);
    begin(EVPROF_TRACE_WINDOW, 0);
    do {
        for (int i = 0; i < 20000; i++) {
            tell_something();
        }
        evprof_trace_stats(&stats);
    } while (stats.dropped == before.dropped);
    evprof_timeline_t *t = take(EVPROF_TRACE_WINDOW);
    evprof_trace_stats(&stats);
    char text[64];
    size_t notes = 0;
    (void)snprintf(text, sizeof(text), "%llu events were dropped",
                   (unsigned long long)(stats.dropped - before.dropped));
    for (size_t i = 0; i < t->event_count; i++) {
        const evprof_timeline_event_t *e = &t->events[i];
        if (e->kind == EVPROF_TIMELINE_LOG &&
            strcmp(e->text, "evprof: dropped") == 0) {
            assert_string_equal(e->more, text);
            notes++;
        }
    }
    assert_int_equal(notes, 1);
    evprof_timeline_free(t);
    evprof_trace_end(EVPROF_TRACE_WINDOW);
}

static _Atomic size_t heap_asked;

static bool
tell_heap(size_t *out)
{
    *out = 4096;
    /* The second time it is not known. */
    return atomic_fetch_add(&heap_asked, 1) != 1;
}

/* The collector asks by itself while somebody records. */
static void
test_size_of_the_heap(void **state)
{
    (void)state;
    evprof_trace_ask_heap(tell_heap);
    begin(EVPROF_TRACE_WINDOW, 0);
    tell_something();
    while (atomic_load(&heap_asked) < 5) {
        sched_yield();
    }
    evprof_timeline_t *t = take(EVPROF_TRACE_WINDOW);
    size_t told = 0;
    int64_t last_ns = 0;
    for (size_t i = 0; i < t->event_count; i++) {
        const evprof_timeline_event_t *e = &t->events[i];
        if (e->kind == EVPROF_TIMELINE_HEAP) {
            assert_int_equal(e->value, 4096);
            assert_true(e->ns - last_ns >= 99000000);
            last_ns = e->ns;
            told++;
        }
    }
    evprof_timeline_free(t);
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    /* One was not known; of the first ones there may have been no thread. */
    assert_in_range(told, 2, atomic_load(&heap_asked) - 1);
    evprof_trace_ask_heap(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions_of_each_recording),
        cmocka_unit_test(test_a_trace_in_parts),
        cmocka_unit_test(test_what_is_kept_is_bounded),
        cmocka_unit_test(test_who_wants_switches),
        cmocka_unit_test(test_thread_of_the_collector),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_failures_of_others),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_old_ones_go),
        cmocka_unit_test(test_each_has_its_own),
        cmocka_unit_test(test_dropped_events),
        cmocka_unit_test(test_size_of_the_heap),
    };
    return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
