/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/visible.h"

#include <string.h>

#include "core/base/utf8.h"
#include "tests/unit/base/tests.h"

/* A text, and what is shown of it. */
static const char *const rows[][2] = {
    { "plain text ~", "plain text ~" },
    { "a\\n", "a\\n" },
    { "\x1b[31mred", "\\x1b[31mred" },
    { "\x01\x1f\x7f", "\\x01\\x1f\\x7f" },
    { "one\ntwo\rthree\tfour", "one\\ntwo\\rthree\\tfour" },
    { "\xc2\x80|\xc2\x9f|\xc2\xa0", "\\u0080|\\u009f|\xc2\xa0" },
    { "\xe2\x80\xae"
      "evil",
      "\\u202eevil" },
    { "\xe2\x80\xa8|\xe2\x80\xaf|\xe2\x80\x8e",
      "\\u2028|\xe2\x80\xaf|\\u200e" },
    { "\xe2\x81\xa6|\xe2\x81\xa9|\xe2\x81\xaa",
      "\\u2066|\\u2069|\xe2\x81\xaa" },
    { "\xd8\x9c", "\\u061c" },
    { "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x89",
      "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x89" },
    { "\xff\xfe", "\\xff\\xfe" },
    { "cut \xe2\x80", "cut \\xe2\\x80" },
    { "a" EVPROF_UTF8_NUL "b", "a\\x00b" },
};

static void
test_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        size_t len = strlen(rows[i][0]);
        evprof_visible_add(&out, rows[i][0], len, "");
        assert_string_equal(out.data, rows[i][1]);
        assert_int_equal(evprof_visible_is(rows[i][0], len),
                         strcmp(rows[i][0], rows[i][1]) == 0);
        evprof_buf_free(&out);
    }
}

static void
test_nul(void **state)
{
    evprof_buf_t out = { 0 };
    (void)state;
    assert_false(evprof_visible_is("a\0b", 3));
    evprof_visible_add(&out, "a\0b", 3, "\n");
    assert_string_equal(out.data, "a\\x00b");
    evprof_buf_free(&out);
}

static void
test_kept(void **state)
{
    evprof_buf_t out = { 0 };
    (void)state;
    evprof_visible_add(&out, "a\n\tb\r", 5, "\n\t");
    assert_string_equal(out.data, "a\n\tb\\r");
    evprof_buf_free(&out);
}

int
run_visible_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_kept),
    };
    return cmocka_run_group_tests_name("visible", tests, NULL, NULL);
}
