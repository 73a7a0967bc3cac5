/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the kernel's ring of a thread, of which the test plays the kernel.
 */
#include "core/trace/switches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 256, OUT = PERF_RECORD_MISC_SWITCH_OUT };
enum { PREEMPTED = OUT | PERF_RECORD_MISC_SWITCH_OUT_PREEMPT };

static struct {
    struct perf_event_mmap_page page;
    unsigned char data[SIZE];
} ring;

static const evprof_trace_switches_t switches = { .ring = { .page = &ring.page,
                                                            .size = SIZE } };

static void
put(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ring.data[ring.page.data_head++ % SIZE] =
            ((const unsigned char *)bytes)[i];
    }
}

/* A record of `words` words between its head and its time. */
static void
put_record(uint32_t type, uint16_t misc, const uint64_t *words, size_t count,
           int64_t ns)
{
    const struct perf_event_header header = {
        .type = type,
        .misc = misc,
        .size =
            (uint16_t)(sizeof(header) + count * sizeof(*words) + sizeof(ns)),
    };
    put(&header, sizeof(header));
    put(words, count * sizeof(*words));
    put(&ns, sizeof(ns));
}

static char said[256];

static void
take(void *ctx, enum evprof_trace_type type, int64_t ns,
     enum evprof_trace_out why)
{
    assert_ptr_equal(ctx, said);
    const size_t len = strlen(said);
    (void)snprintf(said + len, sizeof(said) - len, "%s%lld ",
                   type == EVPROF_TRACE_IN         ? "in "
                   : why == EVPROF_TRACE_PREEMPTED ? "preempted "
                                                   : "out ",
                   (long long)ns);
}

static uint64_t
read_until(int64_t ns)
{
    said[0] = '\0';
    return evprof_trace_switches_read(&switches, ns, take, said);
}

static void
begin_at(uint64_t place)
{
    memset(&ring, 0, sizeof(ring));
    ring.page.data_offset = offsetof(__typeof__(ring), data);
    ring.page.data_head = place;
    ring.page.data_tail = place;
}

/* Wherever in the ring they are; later ones stay for the next time. */
static void
test_switches(void **state)
{
    (void)state;
    for (uint64_t place = 0; place < SIZE; place += 8) {
        begin_at(place);
        assert_int_equal(read_until(INT64_MAX), 0);
        assert_string_equal(said, "");
        put_record(PERF_RECORD_SWITCH, OUT, NULL, 0, 100);
        put_record(PERF_RECORD_SWITCH, 0, NULL, 0, 200);
        put_record(PERF_RECORD_SWITCH, PREEMPTED, NULL, 0, 300);
        put_record(PERF_RECORD_SWITCH, 0, NULL, 0, 400);
        assert_int_equal(read_until(299), 0);
        assert_string_equal(said, "out 100 in 200 ");
        assert_int_equal(read_until(299), 0);
        assert_string_equal(said, "");
        assert_int_equal(read_until(400), 0);
        assert_string_equal(said, "preempted 300 in 400 ");
        assert_int_equal(ring.page.data_tail, ring.page.data_head);
    }
}

/* Records of other kinds are passed over, those that were lost are counted. */
static void
test_other_records(void **state)
{
    (void)state;
    static const uint64_t lost[] = { 77, 5 }; /* which event, how many */
    begin_at(200);
    put_record(PERF_RECORD_LOST, 0, lost, 2, 50);
    put_record(PERF_RECORD_COMM, OUT, lost, 1, 60);
    put_record(PERF_RECORD_SWITCH, OUT, NULL, 0, 100);
    put_record(PERF_RECORD_LOST, 0, lost, 2, 150);
    put_record(PERF_RECORD_LOST, 0, lost, 2, 250);
    assert_int_equal(read_until(200), 10);
    assert_string_equal(said, "out 100 ");
    assert_int_equal(read_until(300), 5);
    assert_string_equal(said, "");
}

/* Of a thread that is not followed there are none. */
static void
test_no_ring(void **state)
{
    (void)state;
    evprof_trace_switches_t none = { .is_tried = true };
    assert_int_equal(evprof_trace_switches_read(&none, INT64_MAX, take, said),
                     0);
    evprof_trace_switches_close(&none);
    assert_false(none.is_tried);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_other_records),
        cmocka_unit_test(test_no_ring),
    };
    return cmocka_run_group_tests_name("switches", tests, NULL, NULL);
}
