/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sample/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

typedef struct tally {
    double count;
    double ns;
    unsigned kept;
} tally_t;

static void
offer(evprof_budget_t *budget, int64_t now_ns, int64_t ns, int64_t rate_ns,
      tally_t *tally)
{
    evprof_weight_t weight;
    if (evprof_budget_take(budget, now_ns, ns, rate_ns, &weight)) {
        tally->count += weight.count;
        tally->ns += (double)weight.ns;
        tally->kept++;
    }
}

static void
assert_near(double value, double truth, double tolerance)
{
    if (value < truth * (1 - tolerance) || value > truth * (1 + tolerance)) {
        fail_msg("%g is not within %g of %g", value, tolerance, truth);
    }
}

static void
test_few_events_are_all_taken_as_they_are(void **state)
{
    (void)state;
    evprof_budget_t budget = { 0 };
    tally_t tally = { 0 };
    for (int i = 0; i < 40; i++) {
        offer(&budget, 5 * SECOND + i, 100, 1, &tally);
    }
    assert_int_equal(tally.kept, 40);
    assert_true(tally.count == 40);
    assert_true(tally.ns == 4000);
}

/* A second that was busy thins out the next, but not for a new rate. */
static void
test_a_restart_takes_all_again(void **state)
{
    (void)state;
    evprof_budget_t budget = { 0 };
    tally_t busy = { 0 };
    for (int i = 0; i < 1000; i++) {
        offer(&budget, 5 * SECOND + i, SECOND, 1, &busy);
    }
    tally_t thinned = { 0 };
    offer(&budget, 6 * SECOND, 100, 1, &thinned);
    assert_int_equal(thinned.kept, 0);
    evprof_budget_restart(&budget);
    tally_t tally = { 0 };
    for (int i = 0; i < 40; i++) {
        offer(&budget, 6 * SECOND + i, 100, 1, &tally);
    }
    assert_int_equal(tally.kept, 40);
    assert_true(tally.count == 40);
}

/* Go's TestBlockProfileBias: often and briefly costs what rarely and long does.
 */
static void
test_short_and_long_waits_weigh_the_same(void **state)
{
    (void)state;
    enum { SECONDS = 200 };
    evprof_budget_t budget = { 0 };
    tally_t brief = { 0 };
    tally_t lengthy = { 0 };
    for (int64_t second = 1; second <= SECONDS; second++) {
        for (int64_t i = 0; i < 1000; i++) {
            int64_t now_ns = second * SECOND + i * 1000000;
            offer(&budget, now_ns, 10, 1000, &brief);
            if (i % 200 == 0) {
                offer(&budget, now_ns + 7, 2000, 1000, &lengthy);
            }
        }
    }
    assert_near(brief.ns, SECONDS * 1000.0 * 10, 0.1);
    assert_near(brief.count, SECONDS * 1000.0, 0.1);
    assert_near(lengthy.ns, SECONDS * 5.0 * 2000, 0.0001);
    assert_near(brief.ns, lengthy.ns, 0.2);
}

static void
test_a_burst_stays_in_the_budget_and_keeps_its_sum(void **state)
{
    (void)state;
    enum { EVENTS = 50000 };
    evprof_budget_t budget = { 0 };
    tally_t tally = { 0 };
    for (int64_t i = 0; i < EVENTS; i++) {
        offer(&budget, 3 * SECOND + i, 300, 1, &tally);
    }
    assert_in_range(tally.kept, 100, EVPROF_BUDGET_STACKS);
    assert_int_equal(atomic_load(&budget.lost), 0);
    assert_near(tally.ns, EVENTS * 300.0, 0.25);
    assert_near(tally.count, EVENTS, 0.25);
}

static void
test_steady_load_stays_in_the_budget_and_keeps_its_sum(void **state)
{
    (void)state;
    enum { SECONDS = 20, EVENTS = 20000 };
    evprof_budget_t budget = { 0 };
    tally_t tally = { 0 };
    double truth = 0;
    for (int64_t second = 1; second <= SECONDS; second++) {
        tally.kept = 0;
        for (int64_t i = 0; i < EVENTS; i++) {
            int64_t ns = 50 + (i * 7919) % 1000;
            truth += (double)ns;
            offer(&budget, second * SECOND + i * 40000, ns, 1, &tally);
        }
        assert_true(tally.kept <= EVPROF_BUDGET_STACKS);
        assert_true(tally.kept > 100);
    }
    assert_near(tally.ns, truth, 0.1);
}

static void
test_what_is_beyond_the_budget_is_counted(void **state)
{
    (void)state;
    evprof_budget_t budget = { 0 };
    tally_t tally = { 0 };
    /* Ever longer waits: each step finds the threshold too low. */
    int64_t ns = 1;
    for (int i = 0; i < 4000; i++) {
        offer(&budget, 9 * SECOND + i, ns, 1, &tally);
        ns += ns / 32 + 1;
        ns = ns > SECOND * 1000 ? SECOND * 1000 : ns;
    }
    assert_int_equal(tally.kept, EVPROF_BUDGET_STACKS);
    assert_true(atomic_load(&budget.lost) > 0);
    assert_true(atomic_load(&budget.lost_ns) > 0);
}

static void
test_a_new_second_has_a_new_budget(void **state)
{
    (void)state;
    evprof_budget_t budget = { 0 };
    tally_t tally = { 0 };
    for (int i = 0; i < 100000; i++) {
        offer(&budget, 1 * SECOND + i, 1000, 1, &tally);
    }
    tally = (tally_t){ 0 };
    for (int i = 0; i < 40; i++) {
        offer(&budget, 7 * SECOND + i, 100, 1, &tally);
    }
    assert_int_equal(tally.kept, 40);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_events_are_all_taken_as_they_are),
        cmocka_unit_test(test_a_restart_takes_all_again),
        cmocka_unit_test(test_short_and_long_waits_weigh_the_same),
        cmocka_unit_test(test_a_burst_stays_in_the_budget_and_keeps_its_sum),
        cmocka_unit_test(
            test_steady_load_stays_in_the_budget_and_keeps_its_sum),
        cmocka_unit_test(test_what_is_beyond_the_budget_is_counted),
        cmocka_unit_test(test_a_new_second_has_a_new_budget),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
