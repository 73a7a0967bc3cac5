/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which threads are followed, and what the trace says of the others. The kernel
 * is one of the test's own: it refuses what the test has it refuse.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/trace/follow.h"

enum { MOST = 1024, MORE = 3 };

static struct perf_event_mmap_page page;
static int refusal;

/* ---- In place of the rooms below ---- */

int
evprof_trace_switches_open(evprof_trace_switches_t *switches, pid_t tid)
{
    (void)tid;
    switches->is_tried = true;
    switches->ring.page = refusal == 0 ? &page : NULL;
    return refusal;
}

void
evprof_trace_switches_close(evprof_trace_switches_t *switches)
{
    *switches = (evprof_trace_switches_t){ .is_tried = false };
}

uint64_t
evprof_trace_switches_read(const evprof_trace_switches_t *switches,
                           int64_t until_ns,
                           void (*take)(void *ctx, enum evprof_trace_type type,
                                        int64_t ns, enum evprof_trace_out why),
                           void *ctx)
{
    if (switches->ring.page != &page) {
        return 0;
    }
    take(ctx, EVPROF_TRACE_OUT, until_ns, EVPROF_TRACE_PREEMPTED);
    return 2;
}

/* The switches that were added last. */
typedef struct added {
    uint32_t lane;
    enum evprof_trace_type type;
    int64_t ns;
    enum evprof_trace_out why;
} added_t;

static added_t added[4];
static size_t added_count;

void
evprof_trace_order_add_switch(evprof_trace_order_t *order, uint32_t lane,
                              enum evprof_trace_type type, int64_t ns,
                              enum evprof_trace_out why)
{
    (void)order;
    added[added_count++ % 4] =
        (added_t){ .lane = lane, .type = type, .ns = ns, .why = why };
}

/* ---- Threads ---- */

typedef struct crowd {
    evprof_lane_t lanes[MOST + MORE];
    evprof_lane_t *items[MOST + MORE];
    evprof_trace_order_t order;
    evprof_trace_follow_t follow;
} crowd_t;

static crowd_t *
make_crowd(size_t count)
{
    crowd_t *crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    for (size_t i = 0; i < MOST + MORE; i++) {
        crowd->items[i] = &crowd->lanes[i];
    }
    crowd->order.lanes.items = crowd->items;
    crowd->order.lanes.count = count;
    refusal = 0;
    return crowd;
}

/* The thread ends, its generation too, and another one begins. */
static void
replace(crowd_t *crowd, size_t i)
{
    evprof_trace_switches_close(&crowd->lanes[i].switches);
    crowd->lanes[i] = (evprof_lane_t){ .tid = 1 };
}

static size_t
count_followed(const crowd_t *crowd)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->order.lanes.count; i++) {
        count += crowd->lanes[i].switches.ring.page != NULL;
    }
    return count;
}

static const char *
told(const crowd_t *crowd)
{
    static char text[512];
    evprof_trace_follow_tell(&crowd->follow, text, sizeof(text));
    return text;
}

#define KNOWN                                                                  \
    "a thread is ready from the moment it is woken, or preempted, until the "  \
    "kernel gives it a CPU"

/* Threads that have ended take no place from those that come later. */
static void
test_many_in_all(void **state)
{
    (void)state;
    crowd_t *crowd = make_crowd(10);
    for (size_t round = 0; round < 300; round++) {
        evprof_trace_follow_new(&crowd->follow, &crowd->order);
        assert_int_equal(count_followed(crowd), 10);
        for (size_t i = 0; i < 10; i++) {
            replace(crowd, i);
        }
    }
    assert_string_equal(told(crowd), KNOWN);
    free(crowd);
}

/* Too many at once: some wait for a place, and the trace says why. */
static void
test_many_at_once(void **state)
{
    (void)state;
    crowd_t *crowd = make_crowd(MOST + MORE);
    for (size_t visit = 0; visit < 5; visit++) {
        evprof_trace_follow_new(&crowd->follow, &crowd->order);
        assert_int_equal(count_followed(crowd), MOST);
    }
    const char *expected = KNOWN "; at most 1024 threads are followed at once, "
                                 "and 3 more lived at one time";
    assert_string_equal(told(crowd), expected);
    crowd->lanes[0].state = EVPROF_LANE_ENDED;
    evprof_trace_switches_close(&crowd->lanes[0].switches);
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    assert_non_null(crowd->lanes[MOST].switches.ring.page);
    assert_int_equal(count_followed(crowd), MOST);
    assert_string_equal(told(crowd), expected);
    evprof_trace_follow_end(&crowd->follow, &crowd->order, 1);
    assert_int_equal(crowd->follow.beyond, 0);
    free(crowd);
}

/* A refusal has its own words. */
static void
test_refused(void **state)
{
    (void)state;
    crowd_t *crowd = make_crowd(1);
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    crowd->order.lanes.count = 3;
    refusal = ENOMEM;
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    assert_non_null(
        strstr(told(crowd), KNOWN "; of 2 threads that is not known: "));
    assert_null(strstr(told(crowd), "at once"));
    free(crowd);
}

/* Where nobody is followed the trace says why, as far as that is known. */
static void
test_nobody_followed(void **state)
{
    (void)state;
    crowd_t *crowd = make_crowd(2);
    assert_null(strstr(told(crowd), "("));
    refusal = EACCES;
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    assert_non_null(strstr(told(crowd), "until it says that it runs"));
    assert_non_null(strstr(told(crowd), " (perf_event_open: permission denied; "
                                        "kernel.perf_event_paranoid is "));
    crowd->follow.why_not = "nobody wants it";
    assert_non_null(strstr(told(crowd), "is not seen (nobody wants it)"));
    free(crowd);
}

/* A thread that ends before its turn is nobody's refusal. */
static void
test_ended_before(void **state)
{
    (void)state;
    crowd_t *crowd = make_crowd(2);
    refusal = ESRCH;
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    assert_int_equal(crowd->follow.left_out, 0);
    assert_int_equal(crowd->follow.error, 0);
    assert_null(strstr(told(crowd), "("));
    free(crowd);
}

/* Each thread's switches are added to its own lane, and at the end it runs. */
static void
test_switches(void **state)
{
    (void)state;
    crowd_t *crowd = make_crowd(2);
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    crowd->order.lanes.count = 3; /* the last one is not followed */
    crowd->order.lost_switches = 5;
    added_count = 0;
    evprof_trace_follow_read(&crowd->order, 300);
    assert_int_equal(added_count, 2);
    assert_int_equal(crowd->order.lost_switches, 9);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(added[i].lane, i);
        assert_int_equal(added[i].type, EVPROF_TRACE_OUT);
        assert_int_equal(added[i].ns, 300);
        assert_int_equal(added[i].why, EVPROF_TRACE_PREEMPTED);
    }
    added_count = 0;
    evprof_trace_follow_end(&crowd->follow, &crowd->order, 400);
    assert_int_equal(added_count, 4);
    for (uint32_t i = 2; i < 4; i++) {
        assert_int_equal(added[i].lane, i - 2);
        assert_int_equal(added[i].type, EVPROF_TRACE_IN);
        assert_int_equal(added[i].ns, 400);
    }
    assert_int_equal(count_followed(crowd), 0);
    assert_int_equal(crowd->follow.followed, 0);
    free(crowd);
}

/* The rings are the parent's. */
static void
test_forked(void **state)
{
    (void)state;
    crowd_t *crowd = make_crowd(3);
    evprof_trace_follow_new(&crowd->follow, &crowd->order);
    assert_int_equal(count_followed(crowd), 3);
    evprof_trace_follow_fork_child(&crowd->order);
    assert_int_equal(count_followed(crowd), 0);
    free(crowd);
}

/* What is said is cut to the room for it. */
static void
test_room(void **state)
{
    (void)state;
    const evprof_trace_follow_t said[] = {
        { .why_not = "nobody wants it" },
        { .error = EACCES },
        { .followed = 1, .left_out = 2, .error = ENOMEM, .beyond = 3 },
    };
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        char whole[512];
        evprof_trace_follow_tell(&said[i], whole, sizeof(whole));
        for (size_t size = 1; size <= strlen(whole) + 1; size++) {
            char *cut = malloc(size);
            assert_non_null(cut);
            evprof_trace_follow_tell(&said[i], cut, size);
            assert_int_equal(strlen(cut), size - 1);
            assert_memory_equal(cut, whole, size - 1);
            free(cut);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_in_all),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_forked),
        cmocka_unit_test(test_nobody_followed),
        cmocka_unit_test(test_ended_before),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
