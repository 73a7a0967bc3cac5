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

static void
test_hex_digits(void **state)
{
    (void)state;
    const char *digits = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        assert_int_equal(evprof_hex_digit(digits[i]), i);
    }
    assert_int_equal(evprof_hex_digit('A'), 10);
    assert_int_equal(evprof_hex_digit('F'), 15);
    const char others[] = "/:@G`g \x10\x1a";
    for (size_t i = 0; i < sizeof(others); i++) {
        assert_true(evprof_hex_digit(others[i]) < 0);
    }
}

static void
test_percent(void **state)
{
    (void)state;
    assert_int_equal(evprof_percent_byte("%41", 3), 'A');
    assert_int_equal(evprof_percent_byte("%fFz", 4), 0xff);
    assert_int_equal(evprof_percent_byte("%00", 3), 0);
    assert_true(evprof_percent_byte("%41", 2) < 0);
    assert_true(evprof_percent_byte("%4g", 3) < 0);
    assert_true(evprof_percent_byte("%g4", 3) < 0);
    assert_true(evprof_percent_byte("412", 3) < 0);
}

int
run_parse_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_doubles),  cmocka_unit_test(test_hex_digits),
        cmocka_unit_test(test_percent),
    };
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
