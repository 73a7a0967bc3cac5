/* SPDX-License-Identifier: Apache-2.0 */
/* What is a mark of a page, and what is text. */
#include "core/base/template.h"

#include "tests/unit/base/tests.h"

static void
fill(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    size_t *count = ctx;
    ++*count;
    evprof_buf_putc(out, '<');
    evprof_buf_add(out, name, len);
    evprof_buf_putc(out, '>');
}

static void
test_marks(void **state)
{
    static const struct {
        const char *text;
        const char *filled;
        size_t marks;
    } cases[] = {
        { "no mark", "no mark", 0 },
        { "@A@", "<A>", 1 },
        { "a @TITLE@ b @HEAD_LINE@.", "a <TITLE> b <HEAD_LINE>.", 2 },
        { "@A@@B@", "<A><B>", 2 },
        { "@A@B@", "<A>B@", 1 },
        { "me@example.org", "me@example.org", 0 },
        { "@media x { @a }", "@media x { @a }", 0 },
        { "@@", "@@", 0 },
        { "@@A@", "@<A>", 1 },
        { "@A", "@A", 0 },
        { "@", "@", 0 },
        { "@A1@", "@A1@", 0 },
        { "@a@", "@a@", 0 },
        { "@_@Z@", "<_>Z@", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_buf_t out = { 0 };
        size_t count = 0;
        evprof_template_fill(&out, cases[i].text, fill, &count);
        assert_string_equal(out.data, cases[i].filled);
        assert_int_equal(count, cases[i].marks);
        evprof_buf_free(&out);
    }
}

static void
test_names(void **state)
{
    (void)state;
    assert_true(evprof_template_is("TITLE@ more", 5, "TITLE"));
    assert_false(evprof_template_is("TITLE@ more", 4, "TITLE"));
    assert_false(evprof_template_is("TITLES@", 6, "TITLE"));
    assert_false(evprof_template_is("TITLE@", 5, "OTHER"));
}

int
run_template_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
