/* SPDX-License-Identifier: Apache-2.0 */
/* Sums stop at the limits of their type, and it is known that one did. */
#include "core/base/sum.h"

#include "tests/unit/base/tests.h"

static void
test_limits(void **state)
{
    static const struct {
        int64_t one;
        int64_t other;
        int64_t sum;
        bool is_cut;
    } cases[] = {
        { 1, 2, 3, false },
        { INT64_MAX, -1, INT64_MAX - 1, false },
        { INT64_MAX - 1, 1, INT64_MAX, false },
        { INT64_MAX, 1, INT64_MAX, true },
        { INT64_MIN, -1, INT64_MIN, true },
        { INT64_MIN + 1, -1, INT64_MIN, false },
        { INT64_MIN, INT64_MIN, INT64_MIN, true },
        { INT64_MAX, INT64_MAX, INT64_MAX, true },
        { INT64_MIN, INT64_MAX, -1, false },
    };
    (void)state;
    (void)evprof_sum_was_cut();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(evprof_sum(cases[i].one, cases[i].other),
                         cases[i].sum);
        assert_int_equal(evprof_sum_was_cut(), cases[i].is_cut);
        assert_false(evprof_sum_was_cut());
    }
}

static void
test_differences(void **state)
{
    static const struct {
        int64_t one;
        int64_t other;
        int64_t difference;
        bool is_cut;
    } cases[] = {
        { 3, 2, 1, false },
        { -1, INT64_MAX, INT64_MIN, false },
        { -2, INT64_MAX, INT64_MIN, true },
        { INT64_MIN, 1, INT64_MIN, true },
        { -1, INT64_MIN, INT64_MAX, false },
        { 0, INT64_MIN, INT64_MAX, true },
        { INT64_MAX, -1, INT64_MAX, true },
    };
    (void)state;
    (void)evprof_sum_was_cut();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(evprof_difference(cases[i].one, cases[i].other),
                         cases[i].difference);
        assert_int_equal(evprof_sum_was_cut(), cases[i].is_cut);
    }
}

static void
test_magnitudes(void **state)
{
    (void)state;
    assert_int_equal(evprof_magnitude(0), 0);
    assert_int_equal(evprof_magnitude(-5), 5);
    assert_int_equal(evprof_magnitude(5), 5);
    assert_int_equal(evprof_magnitude(INT64_MIN), INT64_MIN);
}

int
run_sum_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_magnitudes),
    };
    return cmocka_run_group_tests_name("sum", tests, NULL, NULL);
}
