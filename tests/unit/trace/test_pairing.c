/* SPDX-License-Identifier: Apache-2.0 */
/* Who ended whose wait, and what the kernel's switches say beside it. */
#include "tests/unit/trace/story.h"

#include <errno.h>
#include <string.h>

#include "core/sample/contention.h"

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

/* A thread that is woken is ready until the kernel gives it a processor, and
 * what happens to it before it says that it is back is seen. */
static void
test_woken(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2100, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 2200, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2300, EVPROF_TRACE_SLEPT);
    story_tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 4000, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 4500, EVPROF_TRACE_PREEMPTED);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 5000, EVPROF_TRACE_SLEPT);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    story_check_states(
        &s, FIRST,
        "2000:waits 3000:ready(by 101) 4000:runs 4500:ready 5000:runs");
    story_free(&s);
}

/* Without the kernel's word it is ready until it says that it is back. */
static void
test_woken_unseen(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST, "2000:waits 3000:ready(by 101) 6000:runs");
    story_free(&s);
}

/* A switch to the thread before the wake is not what the wake brought about. */
static void
test_early_switch(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2100, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 2900, EVPROF_TRACE_SLEPT);
    story_tell(&s, SECOND, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST, "2000:waits 3000:ready(by 101) 6000:runs");
    story_free(&s);
}

/* A processor that is taken away, and a sleep that no wrapper knows. */
static void
test_off_cpu(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2000, EVPROF_TRACE_PREEMPTED);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 3000, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 4000, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 5000, EVPROF_TRACE_SLEPT);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST,
                       "2000:ready 3000:runs 4000:waits 5000:ready 5001:runs");
    story_free(&s);
}

/* Switches that were lost leave no thread in a state that it has left. */
static void
test_lost_switch(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_switched(&s, FIRST, EVPROF_TRACE_OUT, 2000, EVPROF_TRACE_PREEMPTED);
    story_tell(&s, FIRST, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 4000, EVPROF_TRACE_SLEPT);
    story_switched(&s, FIRST, EVPROF_TRACE_IN, 5000, EVPROF_TRACE_SLEPT);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST, "2000:ready 3000:runs");
    story_free(&s);
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
        story_t s = story_begin();
        story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, kinds[i]);
        story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, kinds[i]);
        story_tell(&s, THIRD, EVPROF_TRACE_WAKE, 3000, kinds[i]);
        story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 3500, kinds[i]);
        story_tell(&s, THIRD, EVPROF_TRACE_WAKE, 4000, kinds[i]);
        story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 4500, kinds[i]);
        story_finish(&s, 7000);
        assert_int_equal(story_count_logs(&s, "evprof: waker", &text), 1);
        assert_string_equal(text, "2 threads waited: another's signal may have "
                                  "ended this wait");
        story_check_states(&s, FIRST,
                           "2000:waits 4000:ready(by 102) 4500:runs");
        story_free(&s);
    }
}

/* A broadcast is for all that wait: whose it was is certain. */
static void
test_broadcast(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = story_begin();
    for (int64_t ns = 2000; ns < 4000; ns += 1000) {
        story_tell(&s, FIRST, EVPROF_TRACE_WAIT, ns, EVPROF_WAIT_COND);
        story_tell(&s, SECOND, EVPROF_TRACE_WAIT, ns + 100, EVPROF_WAIT_COND);
        story_tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, ns + 200,
                   EVPROF_WAIT_COND);
        story_tell(&s, SECOND, EVPROF_TRACE_RETURN, ns + 300, EVPROF_WAIT_COND);
        story_tell(&s, FIRST, EVPROF_TRACE_RETURN, ns + 400, EVPROF_WAIT_COND);
    }
    story_finish(&s, 7000);
    assert_int_equal(story_count_logs(&s, "evprof: waker", &text), 0);
    story_check_states(&s, FIRST,
                       "2000:waits 2200:ready(by 102) 2400:runs "
                       "3000:waits 3200:ready(by 102) 3400:runs");
    story_free(&s);
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
        story_t s = story_begin();
        story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
        story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_COND);
        story_tell(&s, THIRD, first[i], 3000, EVPROF_WAIT_COND);
        story_tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, 3100, EVPROF_WAIT_COND);
        story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 3500, EVPROF_WAIT_COND);
        story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 4500, EVPROF_WAIT_COND);
        story_finish(&s, 7000);
        assert_int_equal(story_count_logs(&s, "evprof: waker", &text), 2);
        story_free(&s);
    }
}

/* A wait whose time is over answers no signal: that one's thread is still on
 * its way when the broadcast comes. */
static void
test_broadcast_after_timeout(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_COND);
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_COND);
    story_tell_result(&s, SECOND, EVPROF_TRACE_RETURN, 3100, EVPROF_WAIT_COND,
                      ETIMEDOUT);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 3200, EVPROF_WAIT_COND);
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, 3300, EVPROF_WAIT_COND);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 3400, EVPROF_WAIT_COND);
    story_finish(&s, 7000);
    /* One for the wait that timed out. */
    assert_int_equal(story_count_logs(&s, "evprof: waker", &text), 2);
    story_free(&s);
}

/* Who gives a mutex back is known for certain. */
static void
test_owner_is_certain(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_MUTEX);
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_MUTEX);
    story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 3500, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    assert_int_equal(story_count_logs(&s, "evprof: waker", &text), 0);
    story_free(&s);
}

/* One that wakes several is named by each of them. */
static void
test_all_woken(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_COND);
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, 3000, EVPROF_WAIT_COND);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 4000, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 5000, EVPROF_WAIT_COND);
    story_finish(&s, 7000);
    check_waker(&s, FIRST);
    check_waker(&s, SECOND);
    story_free(&s);
}

/* Who waits since an earlier generation may be the one that is woken. */
static void
test_waiting_since_before(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
    assert_true(evprof_trace_order_drain(&s.order, &s.rings[0]));
    evprof_trace_order_encode(&s.order, s.generation, 2500);
    evprof_trace_generation_free(s.generation);
    s.generation = evprof_trace_generation_new(2500, 3);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 3000, EVPROF_WAIT_COND);
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE, 4000, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 5000, EVPROF_WAIT_COND);
    story_finish(&s, 7000);
    assert_int_equal(story_count_logs(&s, "evprof: waker", &text), 1);
    story_free(&s);
}

/* Each begins with the state that the one before has left, and its numbers
 * count anew. */
static void
test_wakes_of_generations(void **state)
{
    (void)state;
    story_t s = story_begin();
    for (int64_t ns = 2000; ns < 5000; ns += 1000) {
        story_tell(&s, FIRST, EVPROF_TRACE_WAIT, ns, EVPROF_WAIT_MUTEX);
        story_tell(&s, SECOND, EVPROF_TRACE_WAKE, ns + 100, EVPROF_WAIT_MUTEX);
        story_tell(&s, FIRST, EVPROF_TRACE_RETURN, ns + 200, EVPROF_WAIT_MUTEX);
        story_next_generation(&s, ns + 500);
    }
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 5000, EVPROF_WAIT_MUTEX);
    story_next_generation(&s, 5500);
    story_tell(&s, SECOND, EVPROF_TRACE_WAKE, 6000, EVPROF_WAIT_MUTEX);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 6100, EVPROF_WAIT_MUTEX);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST,
                       "2000:waits 2100:ready(by 101) 2200:runs "
                       "3000:waits 3100:ready(by 101) 3200:runs "
                       "4000:waits 4100:ready(by 101) 4200:runs "
                       "5000:waits 6000:ready(by 101) 6100:runs");
    story_free(&s);
}

/* A signal that was answered is nobody's any more: the broadcast after it is
 * for all that wait then. */
static void
test_broadcast_after_answer(void **state)
{
    (void)state;
    const char *text = "";
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 2100, EVPROF_WAIT_COND);
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE, 3000, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 3100, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 3200, EVPROF_WAIT_COND);
    story_tell(&s, THIRD, EVPROF_TRACE_WAKE_ALL, 3300, EVPROF_WAIT_COND);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 3400, EVPROF_WAIT_COND);
    story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 3500, EVPROF_WAIT_COND);
    story_finish(&s, 7000);
    /* One for the signal, to which both may have answered. */
    assert_int_equal(story_count_logs(&s, "evprof: waker", &text), 1);
    story_free(&s);
}

/* The last thread at a barrier lets the others go. */
static void
test_barrier(void **state)
{
    (void)state;
    story_t s = story_begin();
    story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_BARRIER);
    story_tell(&s, SECOND, EVPROF_TRACE_WAIT, 3000, EVPROF_WAIT_BARRIER);
    story_tell(&s, SECOND, EVPROF_TRACE_RETURN, 3100, EVPROF_WAIT_BARRIER);
    story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 4000, EVPROF_WAIT_BARRIER);
    story_finish(&s, 7000);
    story_check_states(&s, FIRST, "2000:waits 3000:ready(by 101) 4000:runs");
    story_free(&s);
}

/* Who gives a lock back to itself has woken nobody; a wake before the wait is
 * of an earlier one; the end of another object is not of this one. */
static void
test_other_wakes(void **state)
{
    static const struct {
        pid_t tid;
        int64_t ns;
        uint64_t kind;
    } cases[] = { { SECOND, 1900, EVPROF_WAIT_MUTEX },
                  { SECOND, 3000, EVPROF_WAIT_RWLOCK } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        story_t s = story_begin();
        story_tell(&s, cases[i].tid, EVPROF_TRACE_WAKE, cases[i].ns,
                   cases[i].kind);
        story_tell(&s, FIRST, EVPROF_TRACE_WAIT, 2000, EVPROF_WAIT_MUTEX);
        story_tell(&s, FIRST, EVPROF_TRACE_RETURN, 6000, EVPROF_WAIT_MUTEX);
        story_finish(&s, 7000);
        story_check_states(&s, FIRST, "2000:waits 6000:ready 6001:runs");
        story_free(&s);
    }
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
        cmocka_unit_test(test_all_woken),
        cmocka_unit_test(test_waiting_since_before),
        cmocka_unit_test(test_wakes_of_generations),
        cmocka_unit_test(test_broadcast_after_answer),
        cmocka_unit_test(test_barrier),
        cmocka_unit_test(test_other_wakes),
    };
    return cmocka_run_group_tests_name("pairing", tests, NULL, NULL);
}
