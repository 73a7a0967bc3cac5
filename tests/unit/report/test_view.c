/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/analysis/format.h"
#include "core/report/flame.h"
#include "core/report/report.h"
#include "core/report/value_column.h"
#include "tests/unit/report/tests.h"

static void
collect(void *ctx, const char *line)
{
    evprof_buf_printf(ctx, "%s\n", line);
}

/* Writes a report of folded stacks with one option set; the status. */
static int
report(const char *folded, const char *name, const char *const option[2],
       evprof_buf_t *out, evprof_buf_t *remarks)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err;
    assert_int_equal(
        evprof_format_read(evprof_formats, folded, strlen(folded), &p, &err),
        EVPROF_OK);
    evprof_options_t options;
    assert_int_equal(evprof_options_init(&options, NULL), EVPROF_OK);
    options.compact_labels = true;
    if (option != NULL) {
        assert_int_equal(
            evprof_options_set(&options, option[0], option[1], NULL),
            EVPROF_OK);
    }
    const evprof_notice_t notice = { .say = collect, .ctx = remarks };
    const evprof_request_t request = { .report = evprof_report_find(name),
                                       .options = &options,
                                       .notice = &notice };
    evprof_view_t *view = NULL;
    int status = evprof_view_new(p, &request, &view, &err);
    if (status == EVPROF_OK) {
        evprof_writer_t writer = evprof_writer_buf(out);
        status = evprof_view_write(view, &writer, &err);
        evprof_view_free(view);
    } else {
        evprof_buf_puts(remarks, err.message);
    }
    evprof_options_free(&options);
    evprof_pprof_free(p);
    return status;
}

static void
test_total_is_taken_before_filters(void **state)
{
    (void)state;
    static const char *const focus[] = { "focus", "a" };
    evprof_buf_t out = { 0 };
    evprof_buf_t remarks = { 0 };
    assert_int_equal(report("m;a 25\nm;b 75\n", "top", focus, &out, &remarks),
                     EVPROF_OK);
    assert_non_null(strstr(out.data, "25.00%"));
    assert_non_null(strstr(out.data, "   focus=a"));
    assert_null(strstr(out.data, " b\n"));
    evprof_buf_free(&out);
    evprof_buf_free(&remarks);
}

static void
test_unmatched_filters_are_told(void **state)
{
    (void)state;
    static const char *const hide[] = { "hide", "nothing" };
    evprof_buf_t out = { 0 };
    evprof_buf_t remarks = { 0 };
    assert_int_equal(report("m;a 1\n", "top", hide, &out, &remarks), EVPROF_OK);
    assert_string_equal(remarks.data, "hide: no sample matches\n");
    evprof_buf_free(&out);
    evprof_buf_free(&remarks);
}

static void
test_sums_do_not_wrap(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    evprof_buf_t remarks = { 0 };
    static const char *const unit[] = { "unit", "auto" };
    assert_int_equal(report("m;a 9223372036854775800\nm;b 7\n", "folded", unit,
                            &out, &remarks),
                     EVPROF_OK);
    assert_int_equal(remarks.len, 0);
    evprof_buf_clear(&out);
    assert_int_equal(report("m;a 9223372036854775807\nm;a 9\n", "folded", unit,
                            &out, &remarks),
                     EVPROF_OK);
    assert_string_equal(out.data, "m;a 9223372036854775807\n");
    assert_string_equal(remarks.data,
                        "some sums are larger than 64 bits hold, and are cut "
                        "to 9223372036854775807\n");
    evprof_buf_free(&out);
    evprof_buf_free(&remarks);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *option[2];
        const char *message;
    } rows[] = {
        { { "sample_index", "7" },
          "sample_index 7: the profile's columns are 0 to 0" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        evprof_buf_t remarks = { 0 };
        assert_int_not_equal(
            report("m;a 1\n", "top", rows[i].option, &out, &remarks),
            EVPROF_OK);
        assert_string_equal(remarks.data, rows[i].message);
        assert_int_equal(out.len, 0);
        evprof_buf_free(&out);
        evprof_buf_free(&remarks);
    }
}

/* Equal stacks share boxes from the root on, siblings are sorted by name. */
static void
test_flame(void **state)
{
    (void)state;
    static const char text[] = "m;b 1\nm;a;x 5\nm;a 2\nm;b 3\n";
    evprof_pprof_t *p = NULL;
    assert_int_equal(
        evprof_format_read(evprof_formats, text, strlen(text), &p, NULL),
        EVPROF_OK);
    evprof_options_t options;
    assert_int_equal(evprof_options_init(&options, NULL), EVPROF_OK);
    const evprof_request_t request = { .report = evprof_report_find("flame"),
                                       .options = &options };
    evprof_view_t *view;
    evprof_flame_t flame;
    assert_int_equal(evprof_view_new(p, &request, &view, NULL), EVPROF_OK);
    assert_int_equal(evprof_flame_make(view, 0, &flame, NULL), EVPROF_OK);
    assert_int_equal(flame.count, 5);
    assert_int_equal(flame.depth, 3);
    const evprof_box_t *root = &flame.boxes[4];
    assert_null(root->place);
    assert_int_equal(root->cum, 11);
    const evprof_box_t *m = &flame.boxes[root->first_child];
    const evprof_box_t *a = &flame.boxes[m->first_child];
    assert_string_equal(a->place->name, "a");
    assert_int_equal(a->cum, 7);
    assert_int_equal(a->flat, 2);
    assert_string_equal(flame.boxes[a->next].place->name, "b");
    assert_int_equal(flame.boxes[a->next].cum, 4);
    evprof_flame_free(&flame);
    assert_int_equal(evprof_flame_make(view, 0.5, &flame, NULL), EVPROF_OK);
    assert_int_equal(flame.count, 3);
    evprof_flame_free(&flame);
    evprof_view_free(view);
    evprof_options_free(&options);
    evprof_pprof_free(p);
}

/* The graph of a profile as another one: one location a node. */
static void
test_the_graph_as_a_profile(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    evprof_buf_t remarks = { 0 };
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { .message = "" };
    assert_int_equal(
        report("main;a 1\nmain;b 2\n", "topproto", NULL, &out, &remarks),
        EVPROF_OK);
    if (evprof_pprof_decode(out.data, out.len, (size_t)1 << 20, &p, &err) !=
        EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(p->location_count, 3);
    for (uint32_t i = 0; i < p->location_count; i++) {
        assert_int_equal(p->locations[i].id, i + 1);
        assert_int_equal(p->locations[i].line_count, 1);
    }
    evprof_pprof_free(p);
    evprof_buf_free(&out);
    evprof_buf_free(&remarks);
}

/* Every report can be asked for, by a name of its own. */
static void
test_reports_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        const evprof_report_t *r = evprof_reports[i];
        assert_ptr_equal(evprof_report_find(r->name), r);
        assert_true(r->summary[0] != '\0');
        assert_non_null(r->suffix);
        assert_non_null(r->write);
    }
}

int
run_view_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_total_is_taken_before_filters),
        cmocka_unit_test(test_unmatched_filters_are_told),
        cmocka_unit_test(test_sums_do_not_wrap),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_flame),
        cmocka_unit_test(test_the_graph_as_a_profile),
        cmocka_unit_test(test_reports_are_complete),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
