/* SPDX-License-Identifier: Apache-2.0 */
/* The ?debug=1 text of count profiles: order, addresses, columns, labels. */
#include "core/profile/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* In place of the symbolizer's. */
static uintptr_t
find_entry(uintptr_t pc)
{
    return pc == 0x1000 ? 0 : pc & ~(uintptr_t)0xff;
}

static evprof_function_t functions[] = {
    { .name = "short", .filename = "/src/a.c" },
    { .name = "a_function_with_a_long_name", .filename = "/src/b.c" },
};
static evprof_line_t inlined[] = { { .function = 0, .line = 3 },
                                   { .function = 1, .line = 40 } };
static evprof_line_t plain[] = { { .function = 1, .line = 41 } };
static evprof_location_t locations[] = {
    { .address = 0x1000, .lines = inlined, .line_count = 2 },
    { .address = 0x20f0, .lines = plain, .line_count = 1 },
    { .address = 0x3000 },
};
static int64_t rare[] = { 1 };
static int64_t frequent[] = { 7 };
static uint32_t rare_stack[] = { 2 };
static uint32_t frequent_stack[] = { 0, 1 };
static evprof_label_t labels[] = {
    { .key = "tenant", .text = "t1" },
    { .key = "bytes", .number = 5 },
    { .key = "endpoint", .text = "/a \"b\"\n" },
};
static evprof_sample_t samples[] = {
    { .locations = rare_stack, .location_count = 1, .values = rare },
    { .locations = frequent_stack,
      .location_count = 2,
      .values = frequent,
      .labels = labels,
      .label_count = 3 },
};

static void
test_counts(void **state)
{
    (void)state;
    evprof_pprof_t p = { .samples = samples,
                         .sample_count = 2,
                         .locations = locations,
                         .location_count = 3,
                         .functions = functions,
                         .function_count = 2,
                         .type_count = 1 };
    evprof_buf_t out = { 0 };
    assert_int_equal(evprof_text_counts(&p, "jobs", find_entry, &out), 0);
    assert_string_equal(
        out.data,
        "jobs profile: total 8\n"
        "7 @ 0x1001 0x20f1\n"
        "# labels: {\"endpoint\":\"/a \\\"b\\\"\\n\", \"tenant\":\"t1\"}\n"
        "#\t0x1000\tshort\t\t\t\t\t/src/a.c:3\n"
        "#\t0x1000\ta_function_with_a_long_name\t\t/src/b.c:40\n"
        "#\t0x20f0\ta_function_with_a_long_name+0xf0\t/src/b.c:41\n"
        "\n"
        "1 @ 0x3001\n"
        "#\t0x3000\n"
        "\n");
    evprof_buf_free(&out);
}

/* A template's name of 300 letters does not push the others away; what is not
 * known is left out. */
static void
test_odd_rows(void **state)
{
    (void)state;
    static char longest[301];
    memset(longest, 'T', sizeof(longest) - 1);
    evprof_function_t odd[] = { { .name = longest, .filename = "/src/t.cc" },
                                { .name = "f", .filename = "/src/f.cc" },
                                { .name = "g", .filename = "" } };
    evprof_line_t lines[] = { { .function = 0, .line = 1 },
                              { .function = 1, .line = 0 },
                              { .function = 2, .line = 0 } };
    evprof_location_t at[] = {
        { .address = 0x1000, .lines = lines, .line_count = 3 }
    };
    uint32_t stack[] = { 0 };
    evprof_sample_t sample = { .locations = stack, .location_count = 1 };
    evprof_pprof_t p = { .locations = at,
                         .location_count = 1,
                         .functions = odd,
                         .function_count = 3 };
    evprof_buf_t out = { 0 };
    evprof_text_frames(&p, &sample, find_entry, &out);
    assert_non_null(strstr(out.data, "TT\t/src/t.cc:1\n"));
    assert_non_null(
        strstr(out.data, "\tf\t\t\t\t\t\t\t\t\t\t\t\t\t/src/f.cc\n"));
    assert_non_null(strstr(out.data, "\tg\n"));
    evprof_buf_free(&out);
}

static void
test_names_with_parameters(void **state)
{
    (void)state;
    static const char *const with[] = { "f(int)", "a::b() const",
                                        "a::operator()(int)" };
    static const char *const without[] = { "main", "(anonymous namespace)::f",
                                           "a::b" };
    for (size_t i = 0; i < 3; i++) {
        assert_true(evprof_text_has_call(with[i]));
        assert_false(evprof_text_has_call(without[i]));
    }
}

/* Whatever bytes a label has, the text stays one line. */
static void
test_labels_are_quoted(void **state)
{
    (void)state;
    evprof_label_t label = { .key = "k", .text = "a\\b\t\r\x01\x7f\x1f~" };
    evprof_sample_t sample = { .locations = rare_stack,
                               .location_count = 1,
                               .values = rare,
                               .labels = &label,
                               .label_count = 1 };
    evprof_pprof_t p = { .samples = &sample,
                         .sample_count = 1,
                         .locations = locations,
                         .location_count = 3,
                         .functions = functions,
                         .function_count = 2,
                         .type_count = 1 };
    evprof_buf_t out = { 0 };
    assert_int_equal(evprof_text_counts(&p, "jobs", find_entry, &out), 0);
    assert_non_null(strstr(out.data, "# labels: {\"k\":\"a\\\\b\\t\\r\\x01\\x7f"
                                     "\\x1f~\"}\n"));
    evprof_buf_free(&out);
}

static void
test_empty(void **state)
{
    (void)state;
    evprof_pprof_t p = { .type_count = 1 };
    evprof_buf_t out = { 0 };
    assert_int_equal(evprof_text_counts(&p, "none", find_entry, &out), 0);
    assert_string_equal(out.data, "none profile: total 0\n");
    evprof_buf_free(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_odd_rows),
        cmocka_unit_test(test_names_with_parameters),
        cmocka_unit_test(test_labels_are_quoted),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
