/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/html.h"

#include "tests/unit/base/tests.h"

static void
assert_escaped(const char *text, const char *expected)
{
    evprof_buf_t out = { 0 };
    evprof_buf_puts(&out, "-");
    evprof_html_escape(&out, text);
    assert_false(out.failed);
    assert_string_equal(out.data + 1, expected);
    evprof_buf_free(&out);
}

static void
test_text_stays_text(void **state)
{
    (void)state;
    assert_escaped("", "");
    assert_escaped("plain \xe2\x82\xac", "plain \xe2\x82\xac");
    assert_escaped("a<b>&\"c'", "a&lt;b&gt;&amp;&#34;c&#39;");
    assert_escaped("&amp;", "&amp;amp;");
    assert_escaped("one\ttwo\n", "one\ttwo\n");
}

static void
test_what_is_no_character(void **state)
{
    (void)state;
    assert_escaped("\x01<\x1b", "\xef\xbf\xbd&lt;\xef\xbf\xbd");
    assert_escaped("a\xff<", "a\xef\xbf\xbd&lt;");
    assert_escaped("\xef\xbf\xbf\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd");
    assert_escaped("\xef\xbf\xbe", "\xef\xbf\xbd");
    assert_escaped("\xef\xbf\xbc", "\xef\xbf\xbc");
}

int
run_html_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_stays_text),
        cmocka_unit_test(test_what_is_no_character),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
