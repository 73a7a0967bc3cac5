/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sample/waiters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
test_an_unlock_is_charged_with_all_waiters(void **state)
{
    (void)state;
    char lock = 0;
    assert_false(evprof_waiters_any(&lock));
    assert_true(evprof_waiters_enter(&lock, 1000));
    assert_true(evprof_waiters_enter(&lock, 1000));
    assert_true(evprof_waiters_enter(&lock, 1400));
    assert_true(evprof_waiters_any(&lock));
    assert_int_equal(evprof_waiters_collect(&lock, 1500), 2 * 500 + 100);
    assert_int_equal(evprof_waiters_collect(&lock, 1500), 0);
    evprof_waiters_leave(&lock, 1510);
    assert_int_equal(evprof_waiters_collect(&lock, 1600), 3 * 10 + 2 * 90);
    evprof_waiters_leave(&lock, 1610);
    evprof_waiters_leave(&lock, 1620);
    assert_false(evprof_waiters_any(&lock));
    assert_int_equal(evprof_waiters_collect(&lock, 2000), 0);
}

static void
test_a_late_clock_does_not_turn_it_back(void **state)
{
    (void)state;
    char lock = 0;
    assert_true(evprof_waiters_enter(&lock, 1000));
    assert_true(evprof_waiters_enter(&lock, 900));
    assert_int_equal(evprof_waiters_collect(&lock, 1100), 200);
    assert_int_equal(evprof_waiters_collect(&lock, 1050), 0);
    evprof_waiters_leave(&lock, 1040);
    evprof_waiters_leave(&lock, 1100);
}

static void
test_a_full_bucket_refuses(void **state)
{
    (void)state;
    static char locks[1 << 16];
    const void *found[EVPROF_WAITED_LOCKS + 1] = { &locks[0] };
    size_t count = 1;
    for (size_t i = 1; i < sizeof(locks) && count <= EVPROF_WAITED_LOCKS; i++) {
        if (evprof_waiters_of(&locks[i]) == evprof_waiters_of(&locks[0])) {
            found[count++] = &locks[i];
        }
    }
    assert_int_equal(count, EVPROF_WAITED_LOCKS + 1);
    for (size_t i = 0; i < EVPROF_WAITED_LOCKS; i++) {
        assert_true(evprof_waiters_enter(found[i], 10));
    }
    assert_false(evprof_waiters_enter(found[EVPROF_WAITED_LOCKS], 10));
    assert_true(evprof_waiters_enter(found[1], 10));
    assert_int_equal(evprof_waiters_collect(found[1], 20), 20);
    assert_int_equal(evprof_waiters_collect(found[EVPROF_WAITED_LOCKS], 20), 0);
    evprof_waiters_leave(found[1], 20);
    for (size_t i = 0; i < EVPROF_WAITED_LOCKS; i++) {
        evprof_waiters_leave(found[i], 20);
    }
    assert_true(evprof_waiters_enter(found[EVPROF_WAITED_LOCKS], 10));
    evprof_waiters_leave(found[EVPROF_WAITED_LOCKS], 20);
}

static void
test_restart_forgets_time_but_not_waiters(void **state)
{
    (void)state;
    char lock = 0;
    assert_true(evprof_waiters_enter(&lock, 1000));
    evprof_waiters_restart(5000);
    assert_int_equal(evprof_waiters_collect(&lock, 5100), 100);
    evprof_waiters_leave(&lock, 5100);
    assert_false(evprof_waiters_any(&lock));
}

static void
test_reset_forgets_everybody(void **state)
{
    (void)state;
    char lock = 0;
    assert_true(evprof_waiters_enter(&lock, 1000));
    evprof_waiters_reset();
    assert_false(evprof_waiters_any(&lock));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_unlock_is_charged_with_all_waiters),
        cmocka_unit_test(test_a_late_clock_does_not_turn_it_back),
        cmocka_unit_test(test_a_full_bucket_refuses),
        cmocka_unit_test(test_restart_forgets_time_but_not_waiters),
        cmocka_unit_test(test_reset_forgets_everybody),
    };
    return cmocka_run_group_tests_name("waiters", tests, NULL, NULL);
}
