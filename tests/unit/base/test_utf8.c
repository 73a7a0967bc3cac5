/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/utf8.h"

#include <string.h>

#include "tests/unit/base/tests.h"

static void
test_validity(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        { "", true },
        { "plain", true },
        { "\xc3\xa9", true },
        { "\xe2\x82\xac", true },
        { "\xf0\x9f\x98\x80", true },
        { "\xf4\x8f\xbf\xbf", true },
        { "\x80", false },
        { "\xc0\x80", false },         /* overlong NUL */
        { "\xe0\x80\x80", false },     /* overlong */
        { "\xed\xa0\x80", false },     /* surrogate */
        { "\xf4\x90\x80\x80", false }, /* above U+10FFFF */
        { "\xf5\x80\x80\x80", false },
        { "\xe2\x82", false }, /* cut */
        { "\xc3(", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(evprof_utf8_valid(rows[i].text, strlen(rows[i].text)),
                         rows[i].valid);
    }
}

static void
test_cleaning_keeps_what_is_valid(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    evprof_utf8_clean(&out, "a\xff\xc3\xa9\xe2\x82", 6);
    assert_string_equal(out.data, "a\xef\xbf\xbd\xc3\xa9"
                                  "\xef\xbf\xbd\xef\xbf\xbd");
    assert_true(evprof_utf8_valid(out.data, out.len));
    evprof_buf_free(&out);
}

static void
expect_padded(void (*pad)(evprof_buf_t *, const char *, size_t),
              const char *text, const char *expected)
{
    evprof_buf_t out = { 0 };
    pad(&out, text, 4);
    assert_string_equal(out.data, expected);
    evprof_buf_free(&out);
}

/* Characters count, not bytes; what is too wide stays whole. */
static void
test_padding(void **state)
{
    (void)state;
    expect_padded(evprof_utf8_pad_left, "", "    ");
    expect_padded(evprof_utf8_pad_left, "ab", "  ab");
    expect_padded(evprof_utf8_pad_left, "\xc3\xa9", "   \xc3\xa9");
    expect_padded(evprof_utf8_pad_left, "abcd", "abcd");
    expect_padded(evprof_utf8_pad_left, "abcde", "abcde");
    expect_padded(evprof_utf8_pad_right, "ab", "ab  ");
    expect_padded(evprof_utf8_pad_right, "\xe2\x82\xac", "\xe2\x82\xac   ");
    expect_padded(evprof_utf8_pad_right, "abcde", "abcde");
}

int
run_utf8_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_cleaning_keeps_what_is_valid),
        cmocka_unit_test(test_padding),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
