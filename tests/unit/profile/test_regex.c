/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/regex.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"

#include "tests/unit/profile/tests.h"

static bool
matches(const char *pattern, const char *text)
{
    evprof_regex_t *re = NULL;
    evprof_error_t err = { 0 };
    if (evprof_regex_new(pattern, &re, &err) != EVPROF_OK) {
        fail_msg("%s: %s", pattern, err.message);
    }
    bool result = evprof_regex_match(re, text);
    evprof_regex_free(re);
    return result;
}

static void
test_what_matches(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        bool expected;
    } cases[] = {
        { "", "anything", true },
        { "read", "evbuffer_read_now", true },
        { "Read", "evbuffer_read_now", false },
        { "(?i)READ", "evbuffer_read_now", true },
        { "(?i:R)ead", "readEAD", true },
        { "^read$", "read", true },
        { "^read$", "read\n", false },
        { "(?m)^b$", "a\nb\nc", true },
        { "a.c", "a\nc", false },
        { "(?s)a.c", "a\nc", true },
        { "a|b", "cb", true },
        { "[^a-c]", "abc", false },
        { "[]a]", "]", true },
        { "[[.x.]]", ".]", true },
        { "[[:alpha:]]{2}", "a1b", false },
        { "[\\d_]+$", "x_9", true },
        { "\\.cc?$", "main.c", true },
        { "\\Qa.b\\E", "axb", false },
        { "\\Qa.b\\E", "a.b", true },
        { "a{,2}", "a{,2}", true },
        { "x{2,3}", "axxb", true },
        { "\\x41\\x{42}\\103", "ABC", true },
        { "^*a", "ba", true },
        { "(?P<n>a)(?<m>b)", "ab", true },
        { "\\bint\\b", "unsigned int x", true },
        { "\\pL+", "123", false },
        { "\\p{Greek}", "\xce\xb1", true },
        { "\xc3\xa9", "caf\xc3\xa9", true },
        { ".", "\xff", true },
        { "operator\\(\\)", "f::operator()", true },
        { "std::vector<int>", "std::vector<int>::push", true },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (matches(cases[i].pattern, cases[i].text) != cases[i].expected) {
            fail_msg("%s on %s", cases[i].pattern, cases[i].text);
        }
    }
}

static void
test_errors_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *message;
    } cases[] = {
        { "(abc", "a closing ) is missing: `(abc`" },
        { "abc)", "a ) closes nothing: `abc)`" },
        { "[abc", "a closing ] is missing: `[abc`" },
        { "x[a-", "a closing ] is missing: `[a-`" },
        { "*a", "there is nothing to repeat: `*`" },
        { "(+?a)", "there is nothing to repeat: `+?`" },
        { "a|?", "there is nothing to repeat: `?`" },
        { "a**", "a repetition is repeated: `**`" },
        { "a{2}{3}b", "a repetition is repeated: `{2}{3}`" },
        { "a{1001}", "the count is out of range: `{1001}`" },
        { "a{3,2}", "the count is out of range: `{3,2}`" },
        { "[z-a]", "there is no such range of characters: `z-a`" },
        { "[[:foo:]]", "there is no such range of characters: `[:foo:]`" },
        { "\\y", "there is no such escape: `\\y`" },
        { "(a)\\1", "there is no such escape: `\\1`" },
        { "\\8", "there is no such escape: `\\8`" },
        { "ab\\", "a backslash ends it: ``" },
        { "(?=a)", "there is no such group: `(?=`" },
        { "(?#c)", "there is no such group: `(?#`" },
        { "(?i-)", "there is no such group: `(?i-)`" },
        { "a\\p\xd7\xba", "malformed \\P or \\p sequence: `a\\p\xd7\xba`" },
        { "\\p", "there is no such range of characters: `\\p`" },
        { "(?P<a-b>x)", "the name of a group is malformed: `(?P<a-b>`" },
        { "(?P<ab", "the name of a group is malformed: `(?P<ab`" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_regex_t *re = NULL;
        evprof_error_t err = { 0 };
        assert_int_equal(evprof_regex_new(cases[i].pattern, &re, &err),
                         EVPROF_EPARSE);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void
test_backtracking_is_bounded(void **state)
{
    (void)state;
    enum { LENGTH = 5000 };
    evprof_buf_t text = { 0 };
    for (int i = 0; i < LENGTH; i++) {
        evprof_buf_putc(&text, 'a');
    }
    evprof_regex_t *re = NULL;
    assert_int_equal(evprof_regex_new("^(a|aa|a*)*b$", &re, NULL), EVPROF_OK);
    assert_false(evprof_regex_match_len(re, text.data, text.len));
    evprof_buf_putc(&text, 'b');
    assert_true(evprof_regex_match_len(re, text.data, text.len));
    /* The slow way takes bad bytes for one character each, too. */
    assert_false(evprof_regex_match(re, "a\xff"));
    evprof_regex_free(re);
    evprof_buf_free(&text);
}

static void
test_deep_nesting_is_refused(void **state)
{
    (void)state;
    enum { DEPTH = 5000 };
    evprof_buf_t pattern = { 0 };
    for (int i = 0; i < DEPTH; i++) {
        evprof_buf_putc(&pattern, '(');
    }
    for (int i = 0; i < DEPTH; i++) {
        evprof_buf_putc(&pattern, ')');
    }
    evprof_regex_t *re = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_regex_new(pattern.data, &re, &err), EVPROF_EPARSE);
    assert_non_null(strstr(err.message, "nests too deeply"));
    evprof_buf_free(&pattern);
}

int
run_regex_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_matches),
        cmocka_unit_test(test_errors_say_where),
        cmocka_unit_test(test_backtracking_is_bounded),
        cmocka_unit_test(test_deep_nesting_is_refused),
    };
    return cmocka_run_group_tests_name("regex", tests, NULL, NULL);
}
