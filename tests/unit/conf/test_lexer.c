/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conf/lexer.h"

#include <string.h>

#include "core/base/buf.h"
#include "tests/unit/conf/tests.h"

/* All tokens in one line: words in brackets, the others as they are. */
static void
expect_tokens(const char *text, const char *expected, size_t errors)
{
    evprof_arena_t arena = { 0 };
    evprof_problems_t problems = { 0 };
    evprof_lexer_t lexer = { .arena = &arena, .problems = &problems };
    evprof_buf_t out = { 0 };
    evprof_token_t token;
    evprof_lexer_init(&lexer, text, strlen(text));
    do {
        assert_int_equal(evprof_lexer_next(&lexer, &token), 0);
        if (token.kind == EVPROF_TOKEN_WORD) {
            evprof_buf_printf(&out, "[%s]", token.text);
        } else {
            evprof_buf_putc(&out, ".?;{}"[token.kind]);
        }
    } while (token.kind != EVPROF_TOKEN_END);
    assert_string_equal(out.data, expected);
    assert_int_equal(problems.errors, errors);
    evprof_buf_free(&out);
    evprof_problems_free(&problems);
    evprof_arena_free(&arena);
}

static void
test_words(void **state)
{
    (void)state;
    expect_tokens("", ".", 0);
    expect_tokens(" \t\r\n", ".", 0);
    expect_tokens("a b;", "[a][b];.", 0);
    expect_tokens("a{b 1;}c", "[a]{[b][1];}[c].", 0);
    expect_tokens("a }", "[a]}.", 0);
    expect_tokens("a#b c", "[a#b][c].", 0);
    expect_tokens("# all of it\na; # rest", "[a];.", 0);
    expect_tokens("a\"b'c;", "[a\"b'c];.", 0);
}

static void
test_quotes(void **state)
{
    (void)state;
    expect_tokens("a \"b c\" 'd \"e';", "[a][b c][d \"e];.", 0);
    expect_tokens("a \"\";", "[a][];.", 0);
    expect_tokens("\"; { } #\";", "[; { } #];.", 0);
    expect_tokens("\"line\nbreak\"", "[line\nbreak].", 0);
    expect_tokens("\"a\"{", "[a]{.", 0);
    expect_tokens("\"a\"b;", "[a][b];.", 1);
    expect_tokens("\"a", "[a].", 1);
    expect_tokens("'a\\", "[a\\].", 1);
}

static void
test_escapes(void **state)
{
    (void)state;
    expect_tokens("a\\ b;", "[a\\ b];.", 0);
    expect_tokens("a\\;b;", "[a\\;b];.", 0);
    expect_tokens("\\t\\r\\n\\\"\\'\\\\\\x", "[\t\r\n\"'\\\\x].", 0);
    expect_tokens("\"a\\\"b\"", "[a\"b].", 0);
    expect_tokens("a\\", "[a\\].", 0);
}

static void
test_long_word(void **state)
{
    (void)state;
    char text[EVPROF_WORD_MAX + 3];
    memset(text, 'x', sizeof(text));
    text[EVPROF_WORD_MAX] = '\0';
    char expected[EVPROF_WORD_MAX + 4] = "[";
    strcat(expected, text);
    strcat(expected, "].");
    expect_tokens(text, expected, 0);
    text[EVPROF_WORD_MAX] = 'x';
    text[EVPROF_WORD_MAX + 1] = '\0';
    expect_tokens(text, "[].", 1);
}

static void
test_places(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    evprof_problems_t problems = { 0 };
    evprof_lexer_t lexer = { .arena = &arena, .problems = &problems };
    evprof_token_t token;
    static const char text[] = "a\n \303\244\303\266 \"x\ny\" z";
    static const unsigned expected[][2] = {
        { 1, 1 }, { 2, 2 }, { 2, 5 }, { 3, 4 }
    };
    evprof_lexer_init(&lexer, text, strlen(text));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(evprof_lexer_next(&lexer, &token), 0);
        assert_int_equal(token.place.line, expected[i][0]);
        assert_int_equal(token.place.column, expected[i][1]);
    }
    evprof_problems_free(&problems);
    evprof_arena_free(&arena);
}

int
run_lexer_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),   cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_long_word),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests_name("lexer", tests, NULL, NULL);
}
