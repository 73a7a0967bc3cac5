/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/testing/result.h"

#include "tests/unit/testing/tests.h"

static void
expect(const evprof_bench_t *bench, bool with_memory, const char *want)
{
    evprof_buf_t out = { 0 };
    evprof_result_format(&out, bench, with_memory);
    assert_string_equal(out.data, want);
    evprof_buf_free(&out);
}

/* The widths of the table in the benchmark format's description. */
static void
test_ns_per_op_keeps_its_point(void **state)
{
    (void)state;
    static const struct {
        int64_t n, ns;
        const char *want;
    } rows[] = {
        { 1, 12345, "       1\t     12345 ns/op" },
        { 10, 9999, "      10\t       999.9 ns/op" },
        { 100, 9999, "     100\t        99.99 ns/op" },
        { 1000, 9999, "    1000\t         9.999 ns/op" },
        { 1000, 500, "    1000\t         0.5000 ns/op" },
        { 100000, 5000, "  100000\t         0.05000 ns/op" },
        { 1000000, 5000, " 1000000\t         0.005000 ns/op" },
        { 1000000000, 14400, "1000000000\t         0.0000144 ns/op" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_bench_t bench = { .result_n = rows[i].n,
                                 .duration_ns = rows[i].ns };
        expect(&bench, false, rows[i].want);
    }
}

static void
test_all_columns_in_order(void **state)
{
    (void)state;
    struct evprof_metric metrics[] = { { (char[]){ "widgets/op" }, 42.5 },
                                       { (char[]){ "n" }, 19 } };
    evprof_bench_t bench = { .result_n = 10,
                             .duration_ns = 1000,
                             .bytes = 5,
                             .net_allocs = 25,
                             .net_bytes = 1024,
                             .metrics = metrics,
                             .metric_count = 2 };
    expect(&bench, true,
           "      10\t       100.0 ns/op\t  50.00 MB/s"
           "\t        19.00 n\t        42.50 widgets/op"
           "\t     102 B/op\t       2 allocs/op");
}

static void
test_a_metric_replaces_a_built_in_column(void **state)
{
    (void)state;
    struct evprof_metric metrics[] = { { (char[]){ "ns/op" }, 0 },
                                       { (char[]){ "B/op" }, 7 } };
    evprof_bench_t bench = { .result_n = 10,
                             .duration_ns = 1000,
                             .metrics = metrics,
                             .metric_count = 2 };
    expect(&bench, true,
           "      10\t       7 B/op\t       0 allocs/op");
}

int
run_result_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ns_per_op_keeps_its_point),
        cmocka_unit_test(test_all_columns_in_order),
        cmocka_unit_test(test_a_metric_replaces_a_built_in_column),
    };
    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
