/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the status page as OpenMetrics text, whatever the locale. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/evhttp/pages.h"
#include "core/runtime/metrics.h"

/* The page's own parts are not of this test. */
int
evprof_page_status(evprof_t *prof, const evprof_ask_t *ask,
                   evprof_result_t *result)
{
    (void)prof;
    (void)ask;
    (void)result;
    return EVPROF_ESTATE;
}

void
evprof_status_meaning(const char *name, size_t len, evprof_buf_t *out)
{
    (void)name;
    (void)len;
    (void)out;
}

void
evprof_metrics_lines(evprof_buf_t *out)
{
    (void)out;
}

/* What the line is as a metric; NULL: it is none. */
static void
expect(const char *line, const char *metric)
{
    evprof_buf_t out = { 0 };
    evprof_metrics_of_lines(line, &out);
    if (metric == NULL) {
        assert_int_equal(out.len, 0);
    } else {
        assert_non_null(out.data);
        const char *last = strstr(out.data, "page.\n");
        assert_non_null(last);
        assert_string_equal(last + strlen("page.\n"), metric);
    }
    evprof_buf_free(&out);
}

static void
check(void)
{
    expect("cpu.samples: 12\n", "evprof_cpu_samples 12\n");
    expect("process.load: 0.25", "evprof_process_load 0.25\n");
    expect("a.b: -3", "evprof_a_b -3\n");
    expect("cpu.spent_ns: 1500000000",
           "evprof_cpu_spent_seconds 1.500000000\n");
    expect("cpu.spent_ns: 7", "evprof_cpu_spent_seconds 0.000000007\n");
    expect("cpu.spent_ns: -7", "evprof_cpu_spent_seconds -0.000000007\n");
    expect("cpu.spent_ns: 9000000000000000001",
           "evprof_cpu_spent_seconds 9000000000.000000001\n");
    static const char *const none[] = { "a: on",   "a: -",  "a: nan", "a: -inf",
                                        "a: 1,5",  "a: 1.", "a: .5",  "a: 0x10",
                                        "a: 1 ms", "a: ",   "a",      "" };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        expect(none[i], NULL);
    }
}

static void
test_plain(void **state)
{
    (void)state;
    check();
}

static void
test_decimal_comma(void **state)
{
    (void)state;
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE",
                                         "fr_FR" };
    bool is_set = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !is_set; i++) {
        is_set = setlocale(LC_ALL, names[i]) != NULL;
    }
    if (!is_set) {
        skip();
    }
    check();
    (void)setlocale(LC_ALL, "C");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_decimal_comma),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
