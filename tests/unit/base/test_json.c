/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/json.h"

#include "tests/unit/base/tests.h"

/* A string is safe in a page as well: no tag and no control character is left
 * as it was. */
static void
test_strings_are_escaped(void **state)
{
    static const char *const rows[][2] = {
        { "", "\"\"" },
        { "plain", "\"plain\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "a\nb\tc", "\"a\\nb\\u0009c\"" },
        { "</script>", "\"\\u003c/script>\"" },
        { "\x1f \x7f", "\"\\u001f \\u007f\"" },
        { "\xc2\x80x\xc2\x9f", "\"\\u0080x\\u009f\"" },
        { "\xc2\xa0", "\"\xc2\xa0\"" },
        { "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
        { "bad \xff", "\"bad \xef\xbf\xbd\"" },
        { "cut \xc2", "\"cut \xef\xbf\xbd\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        evprof_json_string(&out, rows[i][0]);
        evprof_buf_putc(&out, '\0');
        assert_string_equal(out.data, rows[i][1]);
        evprof_buf_free(&out);
    }
}

static void
test_a_member_has_its_key(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    evprof_json_member(&out, "name", "a<b");
    evprof_buf_putc(&out, '\0');
    assert_string_equal(out.data, "\"name\":\"a\\u003cb\"");
    evprof_buf_free(&out);
}

int
run_json_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings_are_escaped),
        cmocka_unit_test(test_a_member_has_its_key),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
