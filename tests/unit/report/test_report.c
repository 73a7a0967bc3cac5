/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/process.h"
#include "core/report/dot.h"
#include "core/report/options.h"
#include "tests/unit/emulated.h"
#include "tests/unit/report/tests.h"

static void
test_defaults_and_copies(void **state)
{
    (void)state;
    evprof_options_t o;
    evprof_options_t copy;
    assert_int_equal(evprof_options_init(&o, NULL), EVPROF_OK);
    char scratch[EVPROF_OPTION_TEXT_SIZE];
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        assert_string_equal(evprof_option_get(&o, option, scratch),
                            option->by_default);
        assert_ptr_equal(evprof_option_find(option->name), option);
    }
    assert_int_equal(evprof_options_set(&o, "focus", "x", NULL), EVPROF_OK);
    assert_int_equal(evprof_options_copy(&copy, &o, NULL), EVPROF_OK);
    assert_int_equal(evprof_options_set(&o, "focus", "y", NULL), EVPROF_OK);
    assert_string_equal(copy.focus, "x");
    evprof_options_free(&o);
    evprof_options_free(&copy);
}

static void
test_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *out;
    } rows[] = {
        { "nodecount", "+7", "7" },
        { "nodefraction", "1e-7", "1e-07" },
        { "nodefraction", "123456", "123456" },
        { "nodefraction", "1234567", "1.234567e+06" },
        { "divide_by", "0.1", "0.1" },
        { "trim", "No", "false" },
        { "trim", "", "true" },
        { "sort", "cum", "cum" },
        { "lines", "true", "lines" },
    };
    evprof_options_t o;
    assert_int_equal(evprof_options_init(&o, NULL), EVPROF_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char scratch[EVPROF_OPTION_TEXT_SIZE];
        assert_int_equal(
            evprof_options_set(&o, rows[i].name, rows[i].value, NULL),
            EVPROF_OK);
        const evprof_option_t *option = evprof_option_find(rows[i].name);
        if (option == NULL) {
            option = evprof_option_of_choice(rows[i].name);
        }
        assert_string_equal(evprof_option_get(&o, option, scratch),
                            rows[i].out);
    }
    evprof_options_free(&o);
}

static void
test_bad_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *message;
    } rows[] = {
        { "nodecount", "x", "\"x\" is no whole number" },
        { "nodecount", "99999999999999999999",
          "\"99999999999999999999\" is too large a number" },
        { "nodefraction", "1x", "\"1x\" is no number" },
        { "mean", "maybe", "\"maybe\" is neither true nor false" },
        { "sort", "size", "it cannot be size: see help sort" },
        { "focus", "(",
          "\"(\" is no regular expression: a closing ) is missing: `(`" },
        { "tagignore", "key=(",
          "\"key=(\" is no regular expression: a closing ) is missing: `(`" },
        { "unit", "parsec",
          "there is no unit parsec; take auto, minimum, ns, us, ms, s, hrs, "
          "B, kB, MB, GB, TB or PB" },
        { "divide_by", "0", "it must not be 0" },
        { "cum", "false", "there is no option cum" },
        { "tea", "1", "there is no option tea" },
    };
    evprof_options_t o;
    evprof_error_t err;
    assert_int_equal(evprof_options_init(&o, NULL), EVPROF_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_not_equal(
            evprof_options_set(&o, rows[i].name, rows[i].value, &err),
            EVPROF_OK);
        assert_string_equal(err.message, rows[i].message);
    }
    assert_int_equal(o.nodecount, -1);
    assert_string_equal(o.sort, "flat");
    evprof_options_free(&o);
}

static void
test_colors(void **state)
{
    (void)state;
    char color[EVPROF_COLOR_SIZE];
    evprof_dot_color(color, 1, EVPROF_COLOR_LINE);
    assert_string_equal(color, "#b20000");
    evprof_dot_color(color, -1, EVPROF_COLOR_LINE);
    assert_string_equal(color, "#00b200");
    evprof_dot_color(color, 0, EVPROF_COLOR_LINE);
    assert_string_equal(color, "#b2b2b2");
    evprof_dot_color(color, 5, EVPROF_COLOR_FILL);
    assert_string_equal(color, "#edd5d5");
}

static void
test_process_filters(void **state)
{
    (void)state;
    evprof_buf_t in = { 0 };
    evprof_buf_t out = { 0 };
    /* More than pipes hold, so that both sides must be served at once. */
    for (int i = 0; i < 100000; i++) {
        evprof_buf_puts(&in, "some line\n");
    }
    char cat[] = "cat";
    char *argv[] = { cat, NULL };
    assert_int_equal(evprof_process_filter(argv, &in, 20000, &out, NULL),
                     EVPROF_OK);
    assert_int_equal(out.len, in.len);
    assert_memory_equal(out.data, in.data, in.len);
    evprof_buf_free(&in);
    evprof_buf_free(&out);
}

static void
test_process_failures(void **state)
{
    (void)state;
    SKIP_EMULATED("vfork");
    evprof_buf_t in = { 0 };
    evprof_buf_t out = { 0 };
    evprof_error_t err;
    char none[] = "evprof-no-such-program";
    char *missing[] = { none, NULL };
    assert_int_equal(evprof_process_filter(missing, &in, 20000, &out, &err),
                     EVPROF_ENOENT);
    char sh[] = "sh";
    char option[] = "-c";
    char three[] = "exit 3";
    char *failing[] = { sh, option, three, NULL };
    assert_int_equal(evprof_process_filter(failing, &in, 20000, &out, &err),
                     EVPROF_EIO);
    assert_string_equal(err.message, "sh failed with exit status 3");
    char forever[] = "exec sleep 1000";
    char *endless[] = { sh, option, forever, NULL };
    assert_int_equal(evprof_process_filter(endless, &in, 10, &out, &err),
                     EVPROF_ELIMIT);
    evprof_buf_free(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_copies),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_colors),
        cmocka_unit_test(test_process_filters),
        cmocka_unit_test(test_process_failures),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL) +
           run_hot_loop_tests() + run_settings_tests() + run_source_tests() +
           run_stacks_tests() + run_view_tests();
}
