/* SPDX-License-Identifier: Apache-2.0 */
/* The expected values are what Go's flag, strconv and time packages give. */
#include "core/base/flag_text.h"

#include <math.h>
#include <string.h>

#include "tests/unit/base/tests.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_words(void **state)
{
    (void)state;
    static const struct {
        const char *word, *name, *value;
    } rows[] = {
        { "-x", "x", NULL },       { "--x", "x", NULL },   { "-x=", "x", "" },
        { "--x=1=2", "x", "1=2" }, { "---x", "-x", NULL }, { "-=1", "", "1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        evprof_flag_word_t flag = evprof_flag_split(rows[i].word);
        assert_true(evprof_flag_is(rows[i].word));
        assert_true(evprof_flag_is_called(&flag, rows[i].name));
        assert_false(evprof_flag_is_called(&flag, "xy"));
        assert_int_equal(flag.value != NULL, rows[i].value != NULL);
        if (rows[i].value != NULL) {
            assert_string_equal(flag.value, rows[i].value);
        }
    }
    assert_false(evprof_flag_is("-"));
    assert_false(evprof_flag_is("--"));
    assert_false(evprof_flag_is(""));
    assert_false(evprof_flag_is("x-"));
}

static void
test_booleans(void **state)
{
    (void)state;
    static const char *const on[] = { "1", "t", "T", "TRUE", "true", "True" };
    static const char *const off[] = {
        "0", "f", "F", "FALSE", "false", "False"
    };
    static const char *const bad[] = { "", "yes", "tRUE", "on", "2", "true " };
    for (size_t i = 0; i < COUNT(on); i++) {
        bool value = false;
        assert_true(evprof_flag_bool(on[i], &value));
        assert_true(value);
        assert_true(evprof_flag_bool(off[i], &value));
        assert_false(value);
        value = true;
        assert_false(evprof_flag_bool(bad[i], &value));
        assert_true(value);
    }
}

static void
test_switches(void **state)
{
    (void)state;
    static const char *const on[] = { "true", "T", "Yes", "y", "1", "ON", "" };
    static const char *const off[] = { "FALSE", "f",   "no",   "N",
                                       "0",     "off", "False" };
    for (size_t i = 0; i < COUNT(on); i++) {
        bool value = false;
        assert_int_equal(evprof_flag_switch(on[i], &value, NULL), 0);
        assert_true(value);
        assert_int_equal(evprof_flag_switch(off[i], &value, NULL), 0);
        assert_false(value);
    }
    bool value = true;
    evprof_error_t err;
    assert_int_equal(evprof_flag_switch("maybe", &value, &err), EVPROF_EPARSE);
    assert_string_equal(err.message, "\"maybe\" is neither true nor false");
    assert_true(value);
}

static void
test_whole_numbers(void **state)
{
    (void)state;
    int64_t n = 7;
    evprof_error_t err;
    assert_int_equal(evprof_flag_int("-9223372036854775808", &n, NULL), 0);
    assert_true(n == INT64_MIN);
    assert_int_equal(evprof_flag_int("+012", &n, NULL), 0);
    assert_int_equal(n, 12);
    static const char *const bad[] = { "",    "-",   " 1",  "1 ", "1.0",
                                       "1e3", "0x1", "--1", "1_0" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(evprof_flag_int(bad[i], &n, &err), EVPROF_EPARSE);
        assert_non_null(strstr(err.message, "is no whole number"));
    }
    assert_int_equal(evprof_flag_int("9223372036854775808", &n, &err),
                     EVPROF_EPARSE);
    assert_string_equal(err.message,
                        "\"9223372036854775808\" is too large a number");
    assert_int_equal(n, 12);
}

static void
test_numbers(void **state)
{
    (void)state;
    double x = 7;
    evprof_error_t err;
    assert_int_equal(evprof_flag_float("-.5e1", &x, NULL), 0);
    assert_true(x == -5);
    assert_int_equal(evprof_flag_float("inf", &x, NULL), 0);
    assert_true(isinf(x));
    assert_int_equal(evprof_flag_float("NaN", &x, NULL), 0);
    assert_true(isnan(x));
    x = 7;
    static const char *const bad[] = { "", " 1", "1 ", "\n1", "1x", "." };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(evprof_flag_float(bad[i], &x, &err), EVPROF_EPARSE);
        assert_non_null(strstr(err.message, "is no number"));
    }
    assert_int_equal(evprof_flag_float("1e999", &x, &err), EVPROF_EPARSE);
    assert_string_equal(err.message, "\"1e999\" is too large a number");
    assert_true(x == 7);
}

static void
test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        { "0", 0 },
        { "-0", 0 },
        { "0s", 0 },
        { "1ns", 1 },
        { "1.5us", 1500 },
        { "2\xc2\xb5s", 2000 },
        { "300ms", 300000000 },
        { "-1.5s", -1500000000 },
        { "+.5s", 500000000 },
        { "1m30.5s", INT64_C(90500000000) },
        { "1h1m1s", INT64_C(3661000000000) },
        { "1s1s", 2000000000 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ns = -7;
        assert_true(evprof_flag_duration(rows[i].text, &ns));
        assert_true(ns == rows[i].ns);
    }
    static const char *const bad[] = {
        "",   "-",   "1",    "1 s",  " 1s",    "s",           "1d",
        ".s", "1s ", "1e3s", "--1s", "1.2.3s", "9999999999h", "1s1"
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t ns = 7;
        assert_false(evprof_flag_duration(bad[i], &ns));
        assert_int_equal(ns, 7);
    }
}

static void
test_durations_are_written(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        { 0, "0s" },
        { 1, "1ns" },
        { 999, "999ns" },
        { 1100, "1.1\xc2\xb5s" },
        { 2000000, "2ms" },
        { 2200000, "2.2ms" },
        { 1000000000, "1s" },
        { -1500000000, "-1.5s" },
        { INT64_C(60000000000), "1m0s" },
        { INT64_C(3600000000000), "1h0m0s" },
        { INT64_C(3723000000001), "1h2m3.000000001s" },
        { INT64_MAX, "2562047h47m16.854775807s" },
        { INT64_MIN, "-2562047h47m16.854775808s" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        evprof_buf_t out = { 0 };
        evprof_flag_put_duration(&out, rows[i].ns);
        assert_string_equal(out.data, rows[i].text);
        evprof_buf_free(&out);
    }
}

static void
test_floats_are_written(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0, "0" },           { 0.005, "0.005" },
        { 0.1, "0.1" },       { 100000, "100000" },
        { 1e6, "1e+06" },     { 1e-5, "1e-05" },
        { -2.5, "-2.5" },     { 1.0 / 3, "0.3333333333333333" },
        { HUGE_VAL, "+Inf" }, { -HUGE_VAL, "-Inf" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[EVPROF_FLAG_FLOAT_SIZE];
        evprof_flag_print_float(text, rows[i].value);
        assert_string_equal(text, rows[i].text);
    }
}

int
run_flag_text_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_durations_are_written),
        cmocka_unit_test(test_floats_are_written),
    };
    return cmocka_run_group_tests_name("flag_text", tests, NULL, NULL);
}
