/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/sample_filter.h"

#include <string.h>

#include "core/analysis/aggregate.h"
#include "core/analysis/prune.h"

#include "tests/unit/profile/stacks.h"
#include "tests/unit/profile/tests.h"

static evprof_regex_t *
regex(const char *pattern)
{
    evprof_regex_t *re = NULL;
    if (pattern != NULL) {
        assert_int_equal(evprof_regex_new(pattern, &re, NULL), EVPROF_OK);
    }
    return re;
}

/* The four options as text, NULL: none. */
typedef struct name_options {
    const char *focus;
    const char *ignore;
    const char *hide;
    const char *show;
} name_options_t;

static evprof_name_matched_t
filter(evprof_pprof_t *p, const name_options_t *options)
{
    evprof_name_filter_t f = { regex(options->focus), regex(options->ignore),
                               regex(options->hide), regex(options->show) };
    evprof_name_matched_t matched;
    assert_int_equal(evprof_pprof_filter_names(p, &f, &matched), EVPROF_OK);
    evprof_regex_free(f.focus);
    evprof_regex_free(f.ignore);
    evprof_regex_free(f.hide);
    evprof_regex_free(f.show);
    return matched;
}

static const char stacks[] = "main;read;parse>token 1\n"
                             "main;write@out.c 2\n"
                             "main;idle 4\n";

static void
test_focus_and_ignore(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks(stacks);
    name_options_t options = { .focus = "token|out\\.c" };
    evprof_name_matched_t matched = filter(p, &options);
    assert_stacks(p, "main;read;parse>token 1\nmain;write@out.c 2\n");
    assert_true(matched.focus);
    evprof_pprof_free(p);

    p = make_stacks(stacks);
    options = (name_options_t){ .focus = "main", .ignore = "idle|write" };
    matched = filter(p, &options);
    assert_stacks(p, "main;read;parse>token 1\n");
    assert_true(matched.focus && matched.ignore);
    evprof_pprof_free(p);

    p = make_stacks(stacks);
    options = (name_options_t){ .focus = "nothing", .ignore = "like this" };
    matched = filter(p, &options);
    assert_stacks(p, "");
    assert_false(matched.focus || matched.ignore);
    evprof_pprof_free(p);
}

static void
test_ignore_wins_at_one_location(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("main;a>b 1\na 2\n");
    name_options_t options = { .focus = "^a$", .ignore = "^b$" };
    filter(p, &options);
    assert_stacks(p, "a 2\n");
    evprof_pprof_free(p);
}

static void
test_hide_and_show(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks(stacks);
    name_options_t options = { .hide = "main|token|idle" };
    evprof_name_matched_t matched = filter(p, &options);
    assert_stacks(p, "read;parse 1\nwrite@out.c 2\n");
    assert_true(matched.hide && matched.focus);
    evprof_pprof_free(p);

    p = make_stacks(stacks);
    options = (name_options_t){ .show = "main|parse" };
    matched = filter(p, &options);
    assert_stacks(p, "main;parse 1\nmain 2\nmain 4\n");
    assert_true(matched.show);
    assert_false(matched.hide);
    evprof_pprof_free(p);
}

static void
test_mapping_names_count(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("main;lib 1\nmain 2\n");
    evprof_mapping_t mapping = { .id = 1,
                                 .file = "/lib/libz.so",
                                 .build_id = "" };
    p->mappings = &mapping;
    p->mapping_count = 1;
    p->locations[0].mapping = 0; /* lib: leaves are read first */
    name_options_t options = { .focus = "libz" };
    filter(p, &options);
    assert_stacks(p, "main;lib 1\n");
    options = (name_options_t){ .hide = "libz" };
    filter(p, &options);
    assert_stacks(p, "main 1\n");
    evprof_pprof_free(p);
}

static void
test_show_from(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("main;run>loop;step;loop;leaf 1\nmain 2\n");
    evprof_regex_t *re = regex("loop");
    bool matched = false;
    assert_int_equal(evprof_pprof_show_from(p, re, &matched), EVPROF_OK);
    assert_true(matched);
    assert_stacks(p, "loop;step;loop;leaf 1\n");
    evprof_regex_free(re);
    re = regex("nowhere");
    assert_int_equal(evprof_pprof_show_from(p, re, &matched), EVPROF_OK);
    assert_false(matched);
    assert_stacks(p, "");
    evprof_regex_free(re);
    evprof_pprof_free(p);
}

static void
test_prune_from(void **state)
{
    (void)state;
    evprof_pprof_t *p =
        make_stacks("main;alloc;outer>grow>copy;move 1\nmain 2\n");
    evprof_regex_t *re = regex("^grow$");
    assert_int_equal(evprof_pprof_prune_from(p, re), EVPROF_OK);
    assert_stacks(p, "main;alloc;outer>grow 1\nmain 2\n");
    evprof_regex_free(re);
    evprof_pprof_free(p);
}

static void
test_drop_frames(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("main;work;malloc(int);arena 1\n"
                                    "malloc;inner 2\n"
                                    "main;outer>malloc>slow 3\n"
                                    "main;mallocx 4\n");
    p->drop_frames = "malloc.*|arena";
    p->keep_frames = "mallocx";
    assert_int_equal(evprof_pprof_remove_uninteresting(p, NULL), EVPROF_OK);
    assert_stacks(p, "main;work 1\n"
                     "malloc;inner 2\n"
                     "main;outer 3\n"
                     "main;mallocx 4\n");
    p->drop_frames = "(";
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_pprof_remove_uninteresting(p, &err), EVPROF_EPARSE);
    assert_string_equal(
        err.message, "the profile's expression for frames to drop, (, is bad: "
                     "a closing ) is missing: `^(()$`");
    evprof_pprof_free(p);
}

static void
assert_simplified(const char *name, const char *expected)
{
    size_t len = 0;
    const char *simple = evprof_simplify_name(name, &len);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(simple, expected, len);
}

static void
test_simplified_names(void **state)
{
    (void)state;
    assert_simplified("malloc", "malloc");
    assert_simplified(".open", "open");
    assert_simplified("f(int, char)", "f");
    assert_simplified("(anonymous namespace)::f(int)",
                      "(anonymous namespace)::f");
    assert_simplified("a::operator()(int)", "a::operator()");
    assert_simplified("operator new(unsigned long)", "operator new");
}

static void
test_aggregation(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("main@m.c;a@a.c>b@b.c 1\n");
    p->locations[0].lines[0].line = 7;
    evprof_pprof_aggregate(p, EVPROF_KEEP_INLINES | EVPROF_KEEP_FUNCTION);
    assert_stacks(p, "main;a>b 1\n");
    assert_int_equal(p->locations[0].lines[0].line, 0);
    assert_int_equal(p->locations[0].address, 0);
    evprof_pprof_free(p);

    p = make_stacks("main@m.c;a@a.c>b@b.c 1\n");
    p->locations[0].lines[1].line = 9;
    p->locations[0].lines[1].column = 3;
    evprof_pprof_aggregate(p, EVPROF_KEEP_FILENAME | EVPROF_KEEP_LINE |
                                  EVPROF_KEEP_ADDRESS);
    assert_stacks(p, "@m.c;@a.c 1\n");
    assert_int_equal(p->locations[0].lines[0].line, 9);
    assert_int_equal(p->locations[0].lines[0].column, 0);
    assert_true(p->locations[0].address != 0);
    evprof_pprof_free(p);
}

int
run_filter_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_focus_and_ignore),
        cmocka_unit_test(test_ignore_wins_at_one_location),
        cmocka_unit_test(test_hide_and_show),
        cmocka_unit_test(test_mapping_names_count),
        cmocka_unit_test(test_show_from),
        cmocka_unit_test(test_prune_from),
        cmocka_unit_test(test_drop_frames),
        cmocka_unit_test(test_simplified_names),
        cmocka_unit_test(test_aggregation),
    };
    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
