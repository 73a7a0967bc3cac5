/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks, their folds, rows, calls and documents. */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/format.h"
#include "core/report/document.h"
#include "core/report/recursion.h"
#include "tests/unit/report/tests.h"

/* m -> a -> b, m -> a, m -> c, and a that calls itself. */
static const char folded[] = "m;a;b 30\nm;a 20\nm;c 45\nm;a;a;b 5\n";

static evprof_stacks_t *
make_stacks(const char *text)
{
    static const evprof_report_t page = { .name = "page",
                                          .flags = EVPROF_REPORT_UNTRIMMED };
    evprof_pprof_t *p = NULL;
    evprof_error_t err;
    assert_int_equal(
        evprof_format_read(evprof_formats, text, strlen(text), &p, &err),
        EVPROF_OK);
    evprof_pprof_t *copy = evprof_pprof_copy(p);
    assert_non_null(copy);
    evprof_options_t options;
    assert_int_equal(evprof_options_init(&options, NULL), EVPROF_OK);
    const evprof_request_t request = { .report = &page, .options = &options };
    evprof_view_t *view = NULL;
    assert_int_equal(evprof_view_new(copy, &request, &view, &err), EVPROF_OK);
    evprof_stacks_t *s = NULL;
    assert_int_equal(evprof_stacks_make(view, p, &s, &err), EVPROF_OK);
    evprof_view_free(view);
    evprof_options_free(&options);
    evprof_pprof_free(copy);
    evprof_pprof_free(p);
    return s;
}

static uint32_t
place_of(const evprof_stacks_t *s, const char *name)
{
    for (size_t i = 0; i < s->place_count; i++) {
        if (strcmp(s->places[i].name, name) == 0) {
            return (uint32_t)i;
        }
    }
    fail_msg("no place %s", name);
    return 0;
}

/* "depth name cum self hidden" for each box. */
static char *
describe_fold(const evprof_stacks_t *s, const evprof_fold_ask_t *ask)
{
    evprof_fold_t fold;
    evprof_buf_t out = { 0 };
    assert_int_equal(evprof_fold_make(s, ask, &fold, NULL), EVPROF_OK);
    for (size_t i = 0; i < fold.count; i++) {
        const evprof_fold_box_t *box = &fold.boxes[i];
        evprof_buf_printf(
            &out, "%u %s %lld %lld %u\n", box->depth,
            box->place == EVPROF_NO_INDEX ? "all" : s->places[box->place].name,
            (long long)(box->cum.more - box->cum.less),
            (long long)(box->self.more - box->self.less), box->hidden);
    }
    evprof_fold_free(&fold);
    return out.data;
}

static void
assert_fold(const char *text, evprof_fold_ask_t ask, const char *wanted)
{
    evprof_stacks_t *s = make_stacks(text);
    ask.max_boxes = ask.max_boxes == 0 ? 1000 : ask.max_boxes;
    char *got = describe_fold(s, &ask);
    assert_string_equal(got, wanted);
    free(got);
    evprof_stacks_free(s);
}

static void
test_stacks_fold_from_the_root(void **state)
{
    (void)state;
    assert_fold(folded, (evprof_fold_ask_t){ .kind = EVPROF_FOLD_DOWN },
                "0 all 100 0 0\n"
                "1 m 100 0 0\n"
                "2 a 55 20 0\n"
                "3 b 30 30 0\n"
                "3 a 5 0 0\n"
                "4 b 5 5 0\n"
                "2 c 45 45 0\n");
}

static void
test_stacks_fold_from_the_leaf(void **state)
{
    (void)state;
    assert_fold("m;a 3\nm;b;a 2\n",
                (evprof_fold_ask_t){ .kind = EVPROF_FOLD_UP },
                "0 all 5 0 0\n"
                "1 a 5 0 0\n"
                "2 m 3 3 0\n"
                "2 b 2 0 0\n"
                "3 m 2 2 0\n");
}

static void
test_narrow_boxes_are_counted(void **state)
{
    (void)state;
    assert_fold("m;a 97\nm;b 2\nm;c 1\n",
                (evprof_fold_ask_t){ .narrowest = 0.05 },
                "0 all 100 0 0\n"
                "1 m 100 0 2\n"
                "2 a 97 97 0\n");
}

static void
test_too_many_boxes_make_narrow_ones_hidden(void **state)
{
    (void)state;
    evprof_stacks_t *s = make_stacks("m;a 60\nm;b 30\nm;c 9\nm;d 1\n");
    const evprof_fold_ask_t ask = { .max_boxes = 4 };
    evprof_fold_t fold;
    assert_int_equal(evprof_fold_make(s, &ask, &fold, NULL), EVPROF_OK);
    assert_true(fold.count <= 4);
    assert_true(fold.narrowest > 0);
    assert_int_equal(fold.boxes[0].cum.more, 100);
    evprof_fold_free(&fold);
    evprof_stacks_free(s);
}

static void
test_a_path_leads_to_its_box(void **state)
{
    (void)state;
    evprof_stacks_t *s = make_stacks(folded);
    uint32_t path[] = { place_of(s, "m"), place_of(s, "a") };
    evprof_fold_ask_t ask = { .path = path, .path_len = 2, .max_boxes = 100 };
    char *got = describe_fold(s, &ask);
    assert_string_equal(got,
                        "0 a 55 20 0\n1 b 30 30 0\n1 a 5 0 0\n2 b 5 5 0\n");
    free(got);
    path[1] = place_of(s, "b");
    evprof_fold_t fold;
    evprof_error_t err;
    assert_int_equal(evprof_fold_make(s, &ask, &fold, &err), EVPROF_ENOENT);
    evprof_stacks_free(s);
}

static void
test_sandwich_counts_each_stack_once(void **state)
{
    (void)state;
    evprof_stacks_t *s = make_stacks(folded);
    evprof_fold_ask_t ask = { .kind = EVPROF_FOLD_CALLEES,
                              .place = place_of(s, "a"),
                              .max_boxes = 100 };
    char *got = describe_fold(s, &ask);
    assert_string_equal(got, "0 all 55 0 0\n1 a 55 20 0\n2 b 30 30 0\n"
                             "2 a 5 0 0\n3 b 5 5 0\n");
    free(got);
    ask.kind = EVPROF_FOLD_CALLERS;
    got = describe_fold(s, &ask);
    assert_string_equal(got, "0 all 55 0 0\n1 a 55 0 0\n2 m 55 55 0\n");
    free(got);
    evprof_stacks_free(s);
}

static void
test_rows_count_recursion_once(void **state)
{
    (void)state;
    evprof_stacks_t *s = make_stacks(folded);
    evprof_row_t *rows;
    assert_int_equal(evprof_rows_make(s, &rows, NULL), EVPROF_OK);
    assert_int_equal(evprof_row_cum(&rows[place_of(s, "a")]), 55);
    assert_int_equal(evprof_row_flat(&rows[place_of(s, "a")]), 20);
    assert_int_equal(evprof_row_cum(&rows[place_of(s, "b")]), 35);
    assert_int_equal(evprof_row_cum(&rows[place_of(s, "m")]), 100);
    free(rows);
    evprof_stacks_free(s);
}

static void
test_calls_are_those_of_one_place(void **state)
{
    (void)state;
    evprof_stacks_t *s = make_stacks(folded);
    evprof_calls_t calls;
    assert_int_equal(evprof_calls_make(s, place_of(s, "a"), &calls, NULL),
                     EVPROF_OK);
    assert_int_equal(calls.caller_count, 1);
    assert_int_equal(calls.callers[0].place, place_of(s, "m"));
    assert_int_equal(calls.callers[0].sum.more, 55);
    assert_int_equal(calls.callee_count, 1);
    assert_int_equal(calls.callees[0].sum.more, 35);
    evprof_calls_free(&calls);
    evprof_stacks_free(s);
}

static void
test_search_weighs_each_stack_once(void **state)
{
    (void)state;
    evprof_stacks_t *s = make_stacks(folded);
    evprof_regex_t *pattern;
    evprof_found_t found;
    assert_int_equal(evprof_regex_new("^[ab]$", &pattern, NULL), EVPROF_OK);
    assert_int_equal(evprof_stacks_search(s, pattern, &found, NULL), EVPROF_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.sum.more, 55);
    free(found.is_match);
    evprof_regex_free(pattern);
    evprof_stacks_free(s);
}

static void
test_recursion_is_folded(void **state)
{
    (void)state;
    evprof_stacks_t *s =
        make_stacks("m;v;o;v;o;v;o;x 5\nm;v;o;v 3\nm;f;f;f 2\n");
    assert_int_equal(evprof_stacks_fold_recursion(s, NULL), EVPROF_OK);
    const evprof_fold_ask_t ask = { .max_boxes = 100 };
    evprof_fold_t fold;
    assert_int_equal(evprof_fold_make(s, &ask, &fold, NULL), EVPROF_OK);
    evprof_buf_t out = { 0 };
    for (size_t i = 1; i < fold.count; i++) {
        evprof_buf_printf(&out, "%u %s %u\n", fold.boxes[i].depth,
                          s->places[fold.boxes[i].place].name,
                          fold.boxes[i].repeat);
    }
    assert_string_equal(out.data, "1 m 1\n2 v 3\n3 o 3\n4 x 1\n4 v 1\n"
                                  "2 f 3\n");
    evprof_buf_free(&out);
    evprof_fold_free(&fold);
    evprof_row_t *rows;
    assert_int_equal(evprof_rows_make(s, &rows, NULL), EVPROF_OK);
    assert_int_equal(evprof_row_cum(&rows[place_of(s, "v")]), 8);
    assert_int_equal(evprof_row_flat(&rows[place_of(s, "v")]), 3);
    assert_int_equal(evprof_row_flat(&rows[place_of(s, "f")]), 2);
    free(rows);
    evprof_stacks_free(s);
}

static void
test_documents_name_each_place_once(void **state)
{
    (void)state;
    evprof_stacks_t *s = make_stacks("m;\"</script> 1\n");
    evprof_document_t d;
    evprof_buf_t out = { 0 };
    const evprof_fold_ask_t ask = { .max_boxes = 10 };
    evprof_fold_t fold;
    assert_int_equal(evprof_fold_make(s, &ask, &fold, NULL), EVPROF_OK);
    assert_int_equal(evprof_document_begin(&d, s, &out, NULL), EVPROF_OK);
    evprof_document_flame(&d, "flame", &fold);
    evprof_document_end(&d);
    evprof_fold_free(&fold);
    assert_non_null(strstr(out.data, "\"depth\":[0,1,2]"));
    assert_non_null(strstr(out.data, "\\u003c/script>"));
    assert_null(strstr(out.data, "</script>"));
    evprof_buf_free(&out);
    evprof_stacks_free(s);
}

int
run_stacks_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stacks_fold_from_the_root),
        cmocka_unit_test(test_stacks_fold_from_the_leaf),
        cmocka_unit_test(test_narrow_boxes_are_counted),
        cmocka_unit_test(test_too_many_boxes_make_narrow_ones_hidden),
        cmocka_unit_test(test_a_path_leads_to_its_box),
        cmocka_unit_test(test_sandwich_counts_each_stack_once),
        cmocka_unit_test(test_rows_count_recursion_once),
        cmocka_unit_test(test_calls_are_those_of_one_place),
        cmocka_unit_test(test_search_weighs_each_stack_once),
        cmocka_unit_test(test_recursion_is_folded),
        cmocka_unit_test(test_documents_name_each_place_once),
    };
    return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
