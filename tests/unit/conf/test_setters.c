/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/conf/tests.h"

static const test_cpu_conf_t *
cpu_of(const evprof_config_t *config)
{
    return evprof_config_profile(config, "cpu")->conf;
}

static void
test_defaults(void **state)
{
    (void)state;
    evprof_config_t *config = test_load("");
    const test_cpu_conf_t *cpu = cpu_of(config);
    assert_int_equal(cpu->rate, 100);
    assert_int_equal(cpu->unwinder, 0);
    assert_int_equal(cpu->interval_ns, 10000);
    assert_int_equal(cpu->room_bytes, 524288);
    assert_false(cpu->deep);
    assert_null(cpu->title);
    assert_string_equal(cpu->odd, "even");
    evprof_config_unref(config);
}

static void
test_values(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *file = test_path(folder, "x/y");
    evprof_config_t *config = test_load_in(
        folder,
        "pprof { profile cpu { rate 1000; unwinder libunwind;"
        " interval 1m30s; room 1G; deep on; title 'a b'; file x/y; } }");
    const test_cpu_conf_t *cpu = cpu_of(config);
    assert_int_equal(cpu->rate, 1000);
    assert_int_equal(cpu->unwinder, 2);
    assert_true(cpu->interval_ns == 90000000000);
    assert_int_equal(cpu->room_bytes, 1 << 30);
    assert_true(cpu->deep);
    assert_string_equal(cpu->title, "a b");
    assert_string_equal(cpu->file, file);
    /* Its default comes although "rate", which has offset 0 too, is set. */
    assert_string_equal(cpu->odd, "even");
    evprof_config_unref(config);
    free(file);
    test_folder_remove(folder);
    config = test_load("pprof { profile cpu { file /x; interval 1; } }");
    assert_string_equal(cpu_of(config)->file, "/x");
    assert_true(cpu_of(config)->interval_ns == 1000000000);
    evprof_config_unref(config);
}

/* Each directive with a bad argument, and the sentence about it. */
static void
test_bad_values(void **state)
{
    static const char *const rows[][2] = {
        { "rate x", "\"rate\" must be a whole number, not x" },
        { "rate ''", "\"rate\" must be a whole number, not " },
        { "rate 0", "\"rate\" must be between 1 and 1000, not 0" },
        { "rate 1001", "\"rate\" must be between 1 and 1000, not 1001" },
        { "rate 99999999999999999999",
          "\"rate\" must be a whole number, not 99999999999999999999" },
        { "unwinder fpp", "\"unwinder\" must be auto, fp or libunwind, not "
                          "fpp; did you mean fp" },
        { "unwinder zzzz",
          "\"unwinder\" must be auto, fp or libunwind, not zzzz" },
        { "interval 1x", "\"interval\" must be a time such as 10us, 500ms or "
                         "1h30m, not 1x" },
        { "interval 1s1h", "\"interval\" must be a time such as 10us, 500ms "
                           "or 1h30m, not 1s1h" },
        { "interval 1s1s", "\"interval\" must be a time such as 10us, 500ms "
                           "or 1h30m, not 1s1s" },
        { "interval 999ns",
          "\"interval\" must be between 1us and 1h, not 999ns" },
        { "interval 9999999999h", "\"interval\" must be a time such as 10us, "
                                  "500ms or 1h30m, not 9999999999h" },
        { "room 1t", "\"room\" must be a size such as 512k, 4m or 1g, not 1t" },
        { "room 2g", "\"room\" must be between 1k and 1g, not 2g" },
        { "room 99999999999999999g",
          "\"room\" must be a size such as 512k, 4m or 1g, not "
          "99999999999999999g" },
        { "deep yes", "\"deep\" must be on or off, not yes" },
        { "file ''", "\"file\" must name a file" },
        { "rate", "\"rate\" needs 1 argument: rate HZ;" },
        { "rate 1 2", "\"rate\" takes 1 argument, not 2" },
        { "rate 1 { }", "\"rate\" takes no block: end it with ;" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        char expected[256];
        snprintf(text, sizeof(text), "pprof {\nprofile cpu {\n  %s%s } }",
                 rows[i][0], strchr(rows[i][0], '{') == NULL ? ";" : "");
        snprintf(expected, sizeof(expected), "t:3:3: %s\n", rows[i][1]);
        test_expect(text, expected);
    }
}

int
run_setters_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bad_values),
    };
    return cmocka_run_group_tests_name("setters", tests, NULL, NULL);
}
