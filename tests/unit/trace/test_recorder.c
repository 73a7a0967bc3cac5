/* SPDX-License-Identifier: Apache-2.0 */
/* A recording from its beginning to its end, and another one after it. */
#include "core/trace/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <evprof/trace.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions_of_each_recording),
        cmocka_unit_test(test_what_is_kept_is_bounded),
        cmocka_unit_test(test_who_wants_switches),
    };
    return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
