/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a trace, what becomes of it, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/timeline/perfetto.h"
#include "core/timeline/profile.h"
#include "core/timeline/views.h"
#include "proto/perfetto.pb-c.h"
#include "tests/unit/timeline/trace_bytes.h"

static int
read_shape(const trace_shape_t *shape, evprof_timeline_t **out,
           evprof_error_t *err)
{
    evprof_buf_t bytes = { 0 };
    trace_bytes(shape, &bytes);
    assert_false(bytes.failed);
    int status = evprof_timeline_read(bytes.data, bytes.len, out, err);
    evprof_buf_free(&bytes);
    return status;
}

static evprof_timeline_t *
read_good(const trace_shape_t *shape)
{
    evprof_timeline_t *t = NULL;
    evprof_error_t err = { .message = "" };
    int status = read_shape(shape, &t, &err);
    if (status != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    return t;
}

/* The only sample of a profile, as "count ns leaf". */
static void
check_profile(const evprof_timeline_spans_t *s, const char *kind, int64_t count,
              int64_t ns, const char *leaf)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err;
    assert_int_equal(evprof_timeline_profile(s, kind, &p, &err), EVPROF_OK);
    assert_int_equal(evprof_pprof_check(p, &err), EVPROF_OK);
    assert_int_equal(p->sample_count, 1);
    assert_int_equal(p->samples[0].values[0], count);
    assert_int_equal(p->samples[0].values[1], ns);
    const evprof_location_t *location =
        &p->locations[p->samples[0].locations[0]];
    assert_string_equal(p->functions[location->lines[0].function].name, leaf);
    evprof_pprof_free(p);
}

static void
test_profiles(void **state)
{
    (void)state;
    const trace_shape_t shape = TRACE_SHAPE;
    evprof_timeline_t *t = read_good(&shape);
    evprof_timeline_spans_t s;
    assert_int_equal(evprof_timeline_spans_make(t, &s, NULL), EVPROF_OK);
    assert_true(t->is_native);
    assert_false(t->is_cut);
    check_profile(&s, "sync", 1, 50000, "lock");
    check_profile(&s, "sched", 1, 10000, "unlock");
    check_profile(&s, "region", 1, 77000, "main");
    check_profile(&s, "task", 1, 100000, "main");
    s.from_ns = t->start_ns + 19000;
    s.to_ns = t->start_ns + 29000;
    check_profile(&s, "sync", 1, 10000, "lock");
    check_profile(&s, "task", 1, 10000, "main");
    evprof_error_t err;
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_timeline_profile(&s, "tea", &p, &err),
                     EVPROF_EINVAL);
    evprof_timeline_spans_free(&s);
    evprof_timeline_free(t);
}

typedef void (*view_fn)(const evprof_timeline_spans_t *s, size_t limit,
                        evprof_buf_t *out);

static void
test_views(void **state)
{
    (void)state;
    static const struct {
        view_fn view;
        const char *shows[5];
    } cases[] = {
        { evprof_timeline_view_states,
          { "50us         0         0         0       1  main (101)",
            "thread\n" } },
        { evprof_timeline_view_slowest,
          { "100us  task GET /a (7) at 0.000001s, status=200\n",
            "50us    waiting  main (101)  sync (mutex) in lock < main\n",
            "ended by holder (102) in unlock < holder\n",
            "50us      running  holder (102)",
            "10us    ready    main (101)\n" } },
        { evprof_timeline_view_latency,
          { "task GET /a\n", "77us      77us      77us  region lookup\n" } },
        { evprof_timeline_view_wakers,
          { "50us       1  sync (mutex), by holder in unlock < holder\n" } },
    };
    const trace_shape_t shape = TRACE_SHAPE;
    evprof_timeline_t *t = read_good(&shape);
    evprof_timeline_spans_t s;
    assert_int_equal(evprof_timeline_spans_make(t, &s, NULL), EVPROF_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_buf_t out = { 0 };
        cases[i].view(&s, 10, &out);
        assert_false(out.failed);
        for (size_t j = 0; j < 5 && cases[i].shows[j] != NULL; j++) {
            if (strstr(out.data, cases[i].shows[j]) == NULL) {
                fail_msg("no \"%s\" in\n%s", cases[i].shows[j], out.data);
            }
        }
        evprof_buf_free(&out);
    }
    evprof_timeline_spans_free(&s);
    evprof_timeline_free(t);
}

/* The waker's clock is behind the waiter's: numbers decide, and times are moved
 * apart. */
static void
test_clocks_that_differ(void **state)
{
    (void)state;
    trace_shape_t shape = TRACE_SHAPE;
    shape.wake_ns = 75000;
    evprof_timeline_t *t = read_good(&shape);
    size_t wake = 0;
    size_t start = 0;
    for (size_t i = 0; i < t->event_count; i++) {
        const evprof_timeline_event_t *event = &t->events[i];
        bool is_main =
            event->kind == EVPROF_TIMELINE_STATE && event->of == MAIN;
        assert_true(i == 0 || event->ns > t->events[i - 1].ns);
        wake = is_main && event->from == EVPROF_GO_WAITING ? i : wake;
        start = is_main && event->from == EVPROF_GO_RUNNABLE ? i : start;
    }
    assert_int_equal(start, wake + 1);
    assert_int_equal(t->events[start].ns, t->events[wake].ns + 1);
    evprof_timeline_free(t);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const struct {
        trace_shape_t shape;
        const char *says;
    } cases[] = {
        { { .wake_ns = 60000, .wake_number = 2, .generations = 1 },
          "in its generation 1 no order of events fits" },
        { { .wake_ns = 60000,
            .wake_number = 1,
            .generations = 1,
            .has_no_clock = true },
          "its generation 1 does not tell its clock" },
        { { .wake_ns = 60000,
            .wake_number = 1,
            .generations = 1,
            .has_bad_string = true },
          "its generation 1 has a broken table of strings" },
        { { .generations = 0 }, "it has no events" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_timeline_t *t = NULL;
        evprof_error_t err;
        assert_int_equal(read_shape(&cases[i].shape, &t, &err), EVPROF_EPARSE);
        assert_string_equal(err.message, cases[i].says);
    }
    static const char *const others[] = { "", "go 1.23 trac",
                                          "go 1.19 trace\0\0\0",
                                          "a file of some other kind" };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        evprof_timeline_t *t = NULL;
        evprof_error_t err;
        size_t len = i == 2 ? 16 : strlen(others[i]);
        assert_int_equal(evprof_timeline_read(others[i], len, &t, &err),
                         EVPROF_EPARSE);
    }
}

/* Wherever a file ends, what is whole of it can be read. */
static void
test_cut_files(void **state)
{
    (void)state;
    trace_shape_t shape = TRACE_SHAPE;
    evprof_buf_t one = { 0 };
    evprof_buf_t two = { 0 };
    trace_bytes(&shape, &one);
    shape.generations = 2;
    trace_bytes(&shape, &two);
    evprof_timeline_t *t = NULL;
    evprof_error_t err;
    assert_int_equal(evprof_timeline_read(one.data, one.len, &t, &err),
                     EVPROF_OK);
    size_t events = t->event_count;
    evprof_timeline_free(t);
    for (size_t len = 0; len <= two.len; len++) {
        int status = evprof_timeline_read(two.data, len, &t, &err);
        if (len < one.len) {
            assert_int_equal(status, EVPROF_EPARSE);
            continue;
        }
        assert_int_equal(status, EVPROF_OK);
        assert_int_equal(t->event_count, len == two.len ? 2 * events : events);
        assert_int_equal(t->is_cut, len > one.len && len < two.len);
        evprof_timeline_free(t);
    }
    evprof_buf_free(&one);
    evprof_buf_free(&two);
}

/* The arrow leads from the wake to what follows the wait. */
static void
test_perfetto(void **state)
{
    (void)state;
    const trace_shape_t shape = TRACE_SHAPE;
    evprof_timeline_t *t = read_good(&shape);
    evprof_timeline_spans_t s;
    evprof_buf_t bytes = { 0 };
    const evprof_writer_t out = evprof_writer_buf(&bytes);
    assert_int_equal(evprof_timeline_spans_make(t, &s, NULL), EVPROF_OK);
    assert_int_equal(evprof_timeline_perfetto(&s, &out, NULL), EVPROF_OK);
    Evprof__Perfetto__Trace *trace = evprof__perfetto__trace__unpack(
        NULL, bytes.len, (const uint8_t *)bytes.data);
    assert_non_null(trace);
    uint64_t left_at = 0;
    uint64_t arrived_at = 0;
    size_t begins = 0;
    size_t ends = 0;
    for (size_t i = 0; i < trace->n_packet; i++) {
        const Evprof__Perfetto__TrackEvent *event =
            trace->packet[i]->track_event;
        if (event == NULL) {
            continue;
        }
        begins += event->type ==
                  EVPROF__PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN;
        ends +=
            event->type == EVPROF__PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_END;
        left_at = event->n_flow_ids > 0 ? trace->packet[i]->timestamp : left_at;
        arrived_at = event->n_terminating_flow_ids > 0
                         ? trace->packet[i]->timestamp
                         : arrived_at;
    }
    /* Four states of main, one of holder, a region and a task. */
    assert_int_equal(begins, 7);
    assert_int_equal(ends, 7);
    assert_int_equal(left_at, 60000);
    assert_int_equal(arrived_at, 60000);
    evprof__perfetto__trace__free_unpacked(trace, NULL);
    evprof_buf_free(&bytes);
    evprof_timeline_spans_free(&s);
    evprof_timeline_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_perfetto),
        cmocka_unit_test(test_clocks_that_differ),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
