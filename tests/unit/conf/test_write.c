/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "tests/unit/conf/tests.h"

static void
dump(const evprof_config_t *config, evprof_buf_t *out)
{
    evprof_buf_t whole = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&whole);
    assert_int_equal(evprof_config_dump(config, &writer), 0);
    char *text = test_without_folders(whole.data);
    evprof_buf_puts(out, text);
    free(text);
    evprof_buf_free(&whole);
}

static void
test_dump(void **state)
{
    (void)state;
    evprof_config_t *config = test_load(
        "listen unix:/x;\npprof {\n plus a;\n minus b;\n plus c;\n"
        " prefix /p/;\n profile cpu {\n title 'a \"b\" ;';\n minus d; }\n"
        " profile heap off; }");
    evprof_buf_t out = { 0 };
    dump(config, &out);
    assert_string_equal(
        out.data, "reload_signal off;                          # default\n"
                  "listen_after 1s;                            # default\n"
                  "listen_signal off;                          # default\n"
                  "follow_exec off;                            # default\n"
                  "mount off;                                  # default\n"
                  "listen unix:/x;                             # t:1\n"
                  "pprof {\n"
                  "    max_profiles 16;                        # default\n"
                  "    max_reply 64m;                          # default\n"
                  "    labels on;                              # default\n"
                  "    label_requests off;                     # default\n"
                  "    status on;                              # default\n"
                  "    gather off;                             # default\n"
                  "    metrics off;                            # default\n"
                  "    ui off;                                 # default\n"
                  "    ui_source off;                          # default\n"
                  "    log off;                                # default\n"
                  "    max_seconds 300;                        # default\n"
                  "    max_stacks 65536;                       # default\n"
                  "    max_samples none;                       # default\n"
                  "    symbolize lines;                        # default\n"
                  "    plus a;                                 # t:3\n"
                  "    minus b;                                # t:4\n"
                  "    plus c;                                 # t:5\n"
                  "    prefix /p/;                             # t:6\n"
                  "    profile cpu on {                        # t:7\n"
                  "        rate 100;                           # default\n"
                  "        unwinder auto;                      # default\n"
                  "        interval 10us;                      # default\n"
                  "        room 512k;                          # default\n"
                  "        deep off;                           # default\n"
                  "        odd even;                           # default\n"
                  "        title \"a \\\"b\\\" ;\";                  # t:8\n"
                  "        minus d;                            # t:9\n"
                  "    }\n"
                  "    profile heap off;                       # t:10\n"
                  "}\n");
    evprof_buf_free(&out);
    evprof_config_unref(config);
}

/* A dump loads to the same dump, but for the origins. */
static void
test_round_trip(void **state)
{
    (void)state;
    evprof_config_t *config =
        test_load("listen a:1; pprof { plus \"\\\\x\\t\\n#\"; plus '#';"
                  " profile heap off; profile cpu { title ''; } }");
    evprof_buf_t first = { 0 };
    evprof_buf_t second = { 0 };
    dump(config, &first);
    evprof_config_unref(config);
    config = test_load(first.data);
    dump(config, &second);
    evprof_config_t *again = test_load(second.data);
    evprof_buf_t third = { 0 };
    dump(again, &third);
    assert_string_equal(second.data, third.data);
    const test_rules_conf_t *rules =
        evprof_config_section(again, &test_rules_section, NULL);
    assert_string_equal(rules->seen, "+\\x\t\n#+#");
    evprof_config_unref(config);
    evprof_config_unref(again);
    evprof_buf_free(&first);
    evprof_buf_free(&second);
    evprof_buf_free(&third);
}

/* The reference says all, and is a file that changes nothing. */
static void
test_reference(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&out);
    assert_int_equal(evprof_config_reference(&test_schema, &writer), 0);
    assert_non_null(strstr(out.data,
                           "\n    # prefix PATH;\n"
                           "    #     Where the profiles are mounted.\n"
                           "    prefix /debug/pprof/;\n"));
    assert_non_null(strstr(out.data, "\n    profile cpu {\n"
                                     "        # rate HZ;\n"
                                     "        #     how often\n"
                                     "        rate 100;\n"));
    assert_non_null(strstr(out.data, "\n    # plus WORD;\n"));
    assert_non_null(strstr(out.data, "\n    profile heap on;\n"));
    evprof_config_t *same = test_load(out.data);
    evprof_config_t *none = test_load("");
    assert_true(evprof_config_profile_equal(same, none, "cpu"));
    assert_int_equal(evprof_config_check_switch(none, same, NULL), 0);
    evprof_config_unref(same);
    evprof_config_unref(none);
    evprof_buf_free(&out);
}

int
run_write_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
