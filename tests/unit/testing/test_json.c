/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/testing/json.h"

#include <string.h>

#include "tests/unit/testing/tests.h"

static long long clock_ns;

static long long
fake_now_ns(void)
{
    return clock_ns;
}

#define T "{\"Time\":\"1970-01-01T00:00:00.000000000Z\",\"Action\":"
#define P ",\"Package\":\"pkg\""

static void
test_events(void **state)
{
    (void)state;
    evprof_buf_t got = { 0 };
    evprof_writer_t out = evprof_writer_buf(&got);
    evprof_json_t json = { .package = "pkg", .out = out,
                           .now_ns = fake_now_ns };
    static const char run[] = "\x16=== RUN   TestA\n"
                              "    a.c:1: \"<x>\"\n"
                              "\x16--- PASS: TestA (0.25s)\n"
                              "own words, no newline";
    clock_ns = 0;
    /* In two pieces, as a pipe may give them. */
    evprof_json_feed(&json, run, 25);
    evprof_json_feed(&json, run + 25, sizeof(run) - 1 - 25);
    clock_ns = 500000000;
    evprof_json_end(&json, 0);
    static const char want[] =
        T "\"run\"" P ",\"Test\":\"TestA\"}\n"
        T "\"output\"" P ",\"Test\":\"TestA\","
          "\"Output\":\"=== RUN   TestA\\n\"}\n"
        T "\"output\"" P ",\"Test\":\"TestA\","
          "\"Output\":\"    a.c:1: \\\"\\u003cx\\u003e\\\"\\n\"}\n"
        T "\"output\"" P ",\"Test\":\"TestA\","
          "\"Output\":\"--- PASS: TestA (0.25s)\\n\"}\n"
        T "\"pass\"" P ",\"Test\":\"TestA\",\"Elapsed\":0.25}\n"
        "{\"Time\":\"1970-01-01T00:00:00.500000000Z\",\"Action\":\"output\"" P
        ",\"Test\":\"TestA\",\"Output\":\"own words, no newline\"}\n"
        "{\"Time\":\"1970-01-01T00:00:00.500000000Z\",\"Action\":\"pass\"" P
        ",\"Elapsed\":0.5}\n";
    assert_string_equal(got.data, want);
    evprof_buf_free(&got);
}

static void
test_unmarked_lines_do_not_steer(void **state)
{
    (void)state;
    evprof_buf_t got = { 0 };
    evprof_json_t json = { .package = "pkg",
                           .out = evprof_writer_buf(&got),
                           .now_ns = fake_now_ns };
    static const char run[] = "--- FAIL: TestA (0.00s)\nPASS\n";
    evprof_json_feed(&json, run, sizeof(run) - 1);
    evprof_json_end(&json, 1);
    assert_null(strstr(got.data, "\"Test\""));
    assert_null(strstr(got.data, "\"pass\""));
    assert_non_null(strstr(got.data, "\"Action\":\"fail\",\"Package\""));
    evprof_buf_free(&got);
}

int
run_json_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_unmarked_lines_do_not_steer),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
