/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/tags.h"

#include "tests/unit/profile/stacks.h"
#include "tests/unit/profile/tests.h"

static const char stacks[] = "a 1 user=ann role=admin size:bytes=1024\n"
                             "b 2 user=bob size:bytes=3145728\n"
                             "c 3 size:=7 user=eve\n"
                             "d 4\n";

/* What is left of the stacks above. */
static void
assert_tag_filter(const char *focus, const char *ignore, const char *expected)
{
    evprof_pprof_t *p = make_stacks(stacks);
    evprof_label_units_t units;
    assert_int_equal(evprof_pprof_label_units(p, &units), EVPROF_OK);
    evprof_tag_filter_t *f = NULL;
    evprof_tag_filter_t *i = NULL;
    if (focus != NULL) {
        assert_int_equal(
            evprof_tag_filter_new("tagfocus", focus, &units, &f, NULL),
            EVPROF_OK);
    }
    if (ignore != NULL) {
        assert_int_equal(
            evprof_tag_filter_new("tagignore", ignore, &units, &i, NULL),
            EVPROF_OK);
    }
    evprof_tag_matched_t matched;
    evprof_pprof_filter_tags(p, f, i, &matched);
    char names[16] = "";
    for (size_t n = 0; n < p->sample_count; n++) {
        uint32_t leaf = p->samples[n].locations[0];
        names[n] = p->functions[p->locations[leaf].lines[0].function].name[0];
    }
    assert_string_equal(names, expected);
    evprof_tag_filter_free(f);
    evprof_tag_filter_free(i);
    evprof_pprof_free(p);
}

static void
test_text_filters(void **state)
{
    (void)state;
    assert_tag_filter("user:b", NULL, "b");
    assert_tag_filter("ann,admin", NULL, "a");
    assert_tag_filter("ann,nobody", NULL, "");
    assert_tag_filter("user=ann,eve", NULL, "ac");
    assert_tag_filter("role=.", NULL, "a");
    assert_tag_filter(NULL, "user=.", "d");
    assert_tag_filter("user=.", "user=bob", "ac");
}

static void
test_range_filters(void **state)
{
    (void)state;
    assert_tag_filter("1kb:", NULL, "ab");
    assert_tag_filter(":1kb", NULL, "ac");
    assert_tag_filter("1mb:1gb", NULL, "b");
    assert_tag_filter("3MB", NULL, "b");
    assert_tag_filter("size=1024b", NULL, "a");
    assert_tag_filter("other=1kb:", NULL, "");
    assert_tag_filter("1s:", NULL, "");
    assert_tag_filter("7b", NULL, "c");
}

static void
test_filters_say_what_they_are(void **state)
{
    (void)state;
    evprof_label_units_t none = { 0 };
    evprof_tag_filter_t *f = NULL;
    assert_int_equal(
        evprof_tag_filter_new("tagfocus", "k=30kb:", &none, &f, NULL),
        EVPROF_OK);
    assert_string_equal(evprof_tag_filter_range(f), "30kb:");
    evprof_tag_filter_free(f);
    assert_int_equal(
        evprof_tag_filter_new("tagfocus", "3x:4s", &none, &f, NULL), EVPROF_OK);
    assert_null(evprof_tag_filter_range(f));
    evprof_tag_filter_free(f);
    assert_int_equal(evprof_tag_filter_new("tagfocus", "99999999999999999999",
                                           &none, &f, NULL),
                     EVPROF_OK);
    assert_null(evprof_tag_filter_range(f));
    evprof_tag_filter_free(f);
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_tag_filter_new("tagignore", "a,(", &none, &f, &err),
                     EVPROF_EPARSE);
    assert_string_equal(err.message, "tagignore is no regular expression: "
                                     "a closing ) is missing: `(`");
}

static void
test_units_of_labels(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("a 1 request:=1 wait:ms=2 plain:=3\n"
                                    "b 1 wait:us=2 wait:ns=1 wait:us=1\n");
    evprof_label_units_t units;
    assert_int_equal(evprof_pprof_label_units(p, &units), EVPROF_OK);
    assert_int_equal(units.count, 3);
    assert_string_equal(evprof_label_unit(&units, "request"), "bytes");
    assert_string_equal(evprof_label_unit(&units, "plain"), "plain");
    assert_string_equal(evprof_label_unit(&units, "wait"), "ms");
    assert_string_equal(evprof_label_unit(&units, "none"), "");
    const evprof_label_unit_t *wait = &units.items[2];
    assert_string_equal(wait->key, "wait");
    assert_int_equal(wait->ignored_count, 2);
    assert_string_equal(wait->ignored[0], "ns");
    assert_string_equal(wait->ignored[1], "us");
    evprof_pprof_free(p);
}

static void
test_labels_shown_and_hidden(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks(stacks);
    evprof_regex_t *show = NULL;
    evprof_regex_t *hide = NULL;
    assert_int_equal(evprof_regex_new("r", &show, NULL), EVPROF_OK);
    assert_int_equal(evprof_regex_new("role", &hide, NULL), EVPROF_OK);
    evprof_label_matched_t matched;
    assert_int_equal(evprof_pprof_filter_labels(p, show, hide, &matched),
                     EVPROF_OK);
    assert_true(matched.show && matched.hide);
    assert_stacks(p, "a 1 user=ann\nb 2 user=bob\nc 3 user=eve\nd 4\n");
    evprof_regex_free(show);
    evprof_regex_free(hide);
    evprof_pprof_free(p);
}

static void
test_tags_as_frames(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("main;a 1 user=ann size:bytes=2048\n"
                                    "main;b 2 user=ann user=bob\n"
                                    "c 3\n");
    static const char *const roots[] = { "user", "none" };
    static const char *const leaves[] = { "size" };
    evprof_tag_frames_t frames = { roots, 2, leaves, 1, "kb" };
    evprof_frames_matched_t matched;
    assert_int_equal(evprof_pprof_add_tag_frames(p, &frames, &matched),
                     EVPROF_OK);
    assert_true(matched.root && matched.leaf);
    assert_stacks(p, "ann@user;@none;main;a;2kB@size 1 user=ann "
                     "size:bytes=2048\n"
                     "ann,bob@user;@none;main;b;@size 2 user=ann user=bob\n"
                     "@user;@none;c;@size 3\n");
    evprof_pprof_free(p);
}

int
run_tags_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_filters),
        cmocka_unit_test(test_range_filters),
        cmocka_unit_test(test_filters_say_what_they_are),
        cmocka_unit_test(test_units_of_labels),
        cmocka_unit_test(test_labels_shown_and_hidden),
        cmocka_unit_test(test_tags_as_frames),
    };
    return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
