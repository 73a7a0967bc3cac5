/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/unit.h"

#include "tests/unit/base/tests.h"

static void
test_format(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *from, *to, *out;
    } rows[] = {
        { 0, "ns", "auto", "0" },
        { 1, "nanoseconds", "auto", "1ns" },
        { 1500000, "ns", "minimum", "1.50ms" },
        { 90, "seconds", "auto", "90s" },
        { 7200, "s", "auto", "2hrs" },
        { 1024, "bytes", "auto", "1kB" },
        { 1536, "BYTES", "KB", "1.50kB" },
        { -1536, "byte", "auto", "-1.50kB" },
        { 3, "kilobytes", "b", "3072B" },
        { 1, "bytes", "gb", "0" },
        { 5, "ms", "parsecs", "0.01s" },
        { 5, "ms", "bytes", "0.01s" },
        { 3, "count", "auto", "3" },
        { 3, "count", "objects", "3objects" },
        { 3, "", "unit", "3" },
        { 2500, "milligcu", "auto", "2.50GCU" },
        { 7, "\xce\xbcs", "ns", "7000ns" },
        { INT64_MIN, "bytes", "auto", "-9223372036854775808B" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t buf = { 0 };
        evprof_unit_format(&buf, rows[i].value, rows[i].from, rows[i].to);
        assert_string_equal(buf.data, rows[i].out);
        evprof_buf_free(&buf);
    }
}

static void
test_scale(void **state)
{
    (void)state;
    const char *unit;
    assert_true(evprof_unit_scale(2, "MB", "kB", &unit) == 2048.0);
    assert_string_equal(unit, "kB");
    assert_true(evprof_unit_scale(2, "requests", "minimum", &unit) == 2.0);
    assert_string_equal(unit, "");
    assert_true(evprof_unit_scale(1, "s", "ns", NULL) == 1e9);
}

static void
test_compatible(void **state)
{
    (void)state;
    assert_true(evprof_unit_compatible("ms", "seconds"));
    assert_true(evprof_unit_compatible("thing", "thing"));
    assert_false(evprof_unit_compatible("ms", "kB"));
    assert_false(evprof_unit_compatible("thing", "things"));
}

static void
test_percent(void **state)
{
    (void)state;
    static const struct {
        int64_t value, total;
        const char *out;
    } rows[] = {
        { 1, 8, "12.50%" },          { 1, 1, "  100%" },
        { -1, 1, "  100%" },         { 1, 2000, " 0.05%" },
        { 1, 0, "    0%" },          { 3, 1, "300.00%" },
        { 9999, 10000, "  100%" },   { 1, 300000, "0.00033%" },
        { 1, 30000000, "3.3e-06%" },
    };
    char out[EVPROF_PERCENT_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(
            evprof_unit_percent(out, rows[i].value, rows[i].total),
            rows[i].out);
    }
}

int
run_unit_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_compatible),
        cmocka_unit_test(test_percent),
    };
    return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
