/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/path.h"

#include "tests/unit/base/tests.h"

struct pair {
    const char *in;
    const char *out;
};

static void
check(void (*function)(evprof_buf_t *, const char *), const struct pair *rows,
      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        evprof_buf_t buf = { 0 };
        evprof_buf_puts(&buf, "x");
        function(&buf, rows[i].in);
        assert_string_equal(buf.data + 1, rows[i].out);
        evprof_buf_free(&buf);
    }
}

static void
test_clean(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        { "", "." },
        { "/", "/" },
        { "a", "a" },
        { "a//b/./c/", "a/b/c" },
        { "a/../b", "b" },
        { "a/..", "." },
        { "../a/../..", "../.." },
        { "/../a", "/a" },
        { "/a/b/../../..", "/" },
        { "..a/.b", "..a/.b" },
    };
    check(evprof_path_clean, rows, sizeof(rows) / sizeof(rows[0]));
}

static void
test_base(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        { "", "." },  { "/", "/" },        { "//", "/" },
        { "a", "a" }, { "/x/a.c", "a.c" }, { "x/y//", "y" },
    };
    check(evprof_path_base, rows, sizeof(rows) / sizeof(rows[0]));
}

static void
test_join(void **state)
{
    (void)state;
    static const struct {
        const char *dir, *name, *out;
    } rows[] = { { "a/", "../b", "b" },
                 { "", "b", "b" },
                 { "/a", "", "/a" },
                 { "/", "b", "/b" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t buf = { 0 };
        evprof_path_join(&buf, rows[i].dir, rows[i].name);
        assert_string_equal(buf.data, rows[i].out);
        evprof_buf_free(&buf);
    }
}

static void
test_is_clean(void **state)
{
    (void)state;
    static const char *const clean[] = { "/", "a", "/a/b.c", "a/.b", "a..b" };
    static const char *const unclean[] = { "", "a//b", "a/", "./a", "/a/../b" };
    for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++) {
        assert_true(evprof_path_is_clean(clean[i]));
    }
    for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++) {
        assert_false(evprof_path_is_clean(unclean[i]));
    }
}

int
run_path_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_is_clean),
    };
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
