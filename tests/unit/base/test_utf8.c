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
        /* The first and last of each length, and what is beside them. */
        { "\x7f", true },
        { "\xc1\xbf", false },
        { "\xc2\x80", true },
        { "\xc2\x7f", false },
        { "\xdf\xbf", true },
        { "\xdf\xc0", false },
        { "\xe0\x9f\xbf", false },
        { "\xe0\xa0\x80", true },
        { "\xe0\xa0\x7f", false },
        { "\xe0\xa0\xc0", false },
        { "\xed\x9f\xbf", true },
        { "\xee\x80\x80", true },
        { "\xef\xbf\xbf", true },
        { "\xf0\x8f\xbf\xbf", false },
        { "\xf0\x90\x80\x80", true },
        { "\xf0\x90\x80", false },
        { "\xf0\x90\x80\x7f", false },
        { "\xf3\xbf\xbf\xbf", true },
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

/* A NUL inside a text is hidden, shown again, and a NUL when it is cleaned. */
static void
test_hidden_nuls(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *hidden;
    } rows[] = {
        { "", 0, "" },
        { "plain", 5, "plain" },
        { "\0", 1, "\xc0\x80" },
        { "a\0b\0", 4,
          "a\xc0\x80"
          "b\xc0\x80" },
        { "\0\0", 2, "\xc0\x80\xc0\x80" },
        { "a\xc0", 2, "a\xc0" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        evprof_buf_puts(&out, "x");
        evprof_utf8_hide_nul(&out, rows[i].text, rows[i].len);
        assert_int_equal(out.len, 1 + strlen(rows[i].hidden));
        assert_string_equal(out.data + 1, rows[i].hidden);
        size_t len = out.len;
        evprof_utf8_show_nul(out.data, &len);
        assert_int_equal(len, 1 + rows[i].len);
        assert_memory_equal(out.data + 1, rows[i].text, rows[i].len);
        evprof_buf_free(&out);
    }
    evprof_buf_t out = { 0 };
    evprof_utf8_clean(&out, "a\xc0\x80\xc0", 4);
    assert_int_equal(out.len, 5);
    assert_memory_equal(out.data, "a\0\xef\xbf\xbd", 5);
    evprof_buf_clear(&out);
    /* What is behind the length is not read. */
    evprof_utf8_clean(&out, "\xc0\x80", 1);
    assert_string_equal(out.data, "\xef\xbf\xbd");
    evprof_buf_free(&out);
}

static void
test_quoting(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "\"\"" },
        { "a b~", "\"a b~\"" },
        { "\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\"" },
        { "\"\\'", "\"\\\"\\\\'\"" },
        { "\x01\x1f\x7f", "\"\\x01\\x1f\\x7f\"" },
        { "\xc3\xa9\xc3", "\"\xc3\xa9\\xc3\"" },
        { "\xff", "\"\\xff\"" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        evprof_utf8_quote(&out, rows[i][0]);
        assert_string_equal(out.data, rows[i][1]);
        evprof_buf_free(&out);
    }
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
        cmocka_unit_test(test_hidden_nuls),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_padding),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
