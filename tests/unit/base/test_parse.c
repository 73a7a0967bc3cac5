/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/parse.h"

#include "tests/unit/base/tests.h"

static void
test_integers(void **state)
{
    (void)state;
    int64_t i = 5;
    assert_true(evprof_parse_int64("-12", &i));
    assert_int_equal(i, -12);
    static const char *const bad[] = { "",    " 1", "1 ",
                                       "1x",  "x",  "9223372036854775808",
                                       "0x10" };
    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
        assert_false(evprof_parse_int64(bad[k], &i));
    }
    assert_int_equal(i, -12);
}

static void
test_unsigned(void **state)
{
    (void)state;
    uint64_t u = 5;
    assert_true(evprof_parse_uint64("18446744073709551615", &u));
    assert_true(u == UINT64_MAX);
    assert_false(evprof_parse_uint64("-1", &u));
    assert_false(evprof_parse_uint64("18446744073709551616", &u));
    assert_true(evprof_parse_hex64("0xFf", &u));
    assert_int_equal(u, 255);
    assert_true(evprof_parse_hex64("10", &u));
    assert_int_equal(u, 16);
    assert_false(evprof_parse_hex64("0xg", &u));
}

static void
test_doubles(void **state)
{
    (void)state;
    double d = 1;
    assert_true(evprof_parse_double("2.5e1", &d));
    assert_true(d == 25.0);
    assert_false(evprof_parse_double("2.5s", &d));
    assert_false(evprof_parse_double("", &d));
}

int
run_parse_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_doubles),
    };
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
