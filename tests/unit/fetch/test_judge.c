/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fetch/judge.h"

#include <string.h>

#include "tests/unit/fetch/tests.h"

static void
test_verdicts(void **state)
{
    (void)state;
    static const struct {
        evprof_answer_t answer;
        const char *body, *why;
    } rows[] = {
        { { .status = 200, .content_type = "application/octet-stream" },
          "\x1f\x8b",
          NULL },
        { { .status = 404, .status_text = "404 Not Found" },
          "page",
          "the server answered 404 Not Found" },
        { { .status = 500,
            .status_text = "500 Internal Server Error",
            .content_type = "text/plain; charset=utf-8",
            .is_from_pprof = true },
          "Could not enable\nit\n",
          "the server answered 500 Internal Server Error - Could not "
          "enable it" },
        { { .status = 200, .content_type = "text/html; charset=utf-8" },
          "<form><input type=password>",
          "this is a login page, not a profile" },
        { { .status = 200 },
          "\n <!DOCTYPE html><p>Sign in",
          "this is a login page, not a profile" },
        { { .status = 200, .content_type = "text/html" },
          "hello",
          "this is a web page, not a profile" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_answer_t answer = rows[i].answer;
        evprof_buf_t why = { 0 };
        evprof_buf_puts(&answer.body, rows[i].body);
        assert_int_equal(evprof_answer_judge(&answer, &why),
                         rows[i].why == NULL);
        if (rows[i].why != NULL) {
            assert_string_equal(why.data, rows[i].why);
        }
        evprof_buf_free(&why);
        evprof_buf_free(&answer.body);
    }
}

int
run_judge_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_verdicts) };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
