/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of a query, as net/http reads them. */
#include "adapters/evhttp/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
    const char *query;
    const char *value; /* of "seconds" */
};

static const struct row rows[] = {
    { NULL, "" },
    { "", "" },
    { "seconds", "" },
    { "seconds=", "" },
    { "seconds=30", "30" },
    { "seconds=1&seconds=2", "1" },
    { "debug=1&seconds=5&gc=1", "5" },
    { "Seconds=5", "" },
    { "secondsx=5&xseconds=6", "" },
    { "&&a&=b&seconds=7", "7" },
    { "se%63onds=%31%30", "10" },
    { "seconds=%2B5", "+5" },
    { "seconds=+5", " 5" },
    { "seconds=%zz&seconds=3", "3" },
    { "seconds=%4&seconds=3", "3" },
    { "seconds=%00&seconds=3", "3" },
    { "seconds=1;debug=2&seconds=3", "3" },
    { "seconds=a=b", "a=b" },
    { "seconds=123456789012345678901234567890123456789012345678901234567890"
      "1234&x",
      "" },
};

static void
test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char value[EVPROF_QUERY_VALUE_MAX];
        evprof_query_get(rows[i].query, "seconds", value);
        assert_string_equal(value, rows[i].value);
    }
}

static void
test_numbers(void **state)
{
    (void)state;
    assert_int_equal(evprof_query_int("n=-1", "n", 7), -1);
    assert_int_equal(evprof_query_int("n=1x", "n", 7), 7);
    assert_int_equal(evprof_query_int("n=99999999999999999999", "n", 7), 7);
    assert_int_equal(evprof_query_int("m=1", "n", 7), 7);
    assert_true(evprof_query_number("n=0.25", "n", 7) == 0.25);
    assert_true(evprof_query_number("n=inf", "n", 7) == 7);
    assert_true(evprof_query_number("n=nan", "n", 7) == 7);
    assert_true(evprof_query_number("n=", "n", 7) == 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
