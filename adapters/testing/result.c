/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are printed with about four significant digits, the decimal points of
 * a column under each other: the smaller the value, the more digits after the
 * point and the wider the field. Sources of the widths: the benchmark format
 * above and the outputs of Go's own runner.
 */
#include "adapters/testing/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void
add_metric(evprof_buf_t *out, double value, const char *unit)
{
    static const struct {
        double at_least;
        int width, digits;
    } rows[] = {
        { 999.95, 10, 0 },     { 99.995, 12, 1 },    { 9.9995, 13, 2 },
        { 0.99995, 14, 3 },    { 0.099995, 15, 4 },  { 0.0099995, 16, 5 },
        { 0.00099995, 17, 6 }, { -HUGE_VAL, 18, 7 },
    };
    double size = fabs(value);
    size_t row = 0;
    while (value != 0 && size < rows[row].at_least) {
        row++;
    }
    evprof_buf_printf(out, "\t%*.*f %s", rows[row].width, rows[row].digits,
                      value, unit);
}

static const struct evprof_metric *
find_metric(const evprof_bench_t *bench, const char *unit)
{
    for (size_t i = 0; i < bench->metric_count; i++) {
        if (strcmp(bench->metrics[i].unit, unit) == 0) {
            return &bench->metrics[i];
        }
    }
    return NULL;
}

static int
by_unit(const void *a, const void *b)
{
    const struct evprof_metric *x = a;
    const struct evprof_metric *y = b;
    return strcmp(x->unit, y->unit);
}

static bool
is_built_in(const char *unit)
{
    static const char *const units[] = { "ns/op", "MB/s", "B/op", "allocs/op" };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void
add_time(evprof_buf_t *out, const evprof_bench_t *bench)
{
    const struct evprof_metric *own = find_metric(bench, "ns/op");
    double ns = own != NULL ? own->value
                : bench->result_n <= 0
                    ? 0
                    : (double)bench->duration_ns / (double)bench->result_n;
    if (ns != 0) {
        add_metric(out, ns, "ns/op");
    }
    own = find_metric(bench, "MB/s");
    double mbs = own != NULL ? own->value : 0;
    if (own == NULL && bench->bytes > 0 && bench->duration_ns > 0) {
        mbs = (double)bench->bytes * (double)bench->result_n / 1e6 /
              ((double)bench->duration_ns / 1e9);
    }
    if (mbs != 0) {
        evprof_buf_printf(out, "\t%7.2f MB/s", mbs);
    }
}

static void
add_memory(evprof_buf_t *out, const evprof_bench_t *bench)
{
    static const char *const units[] = { "B/op", "allocs/op" };
    const uint64_t totals[] = { bench->net_bytes, bench->net_allocs };
    for (size_t i = 0; i < 2; i++) {
        const struct evprof_metric *own = find_metric(bench, units[i]);
        long long value = own != NULL ? (long long)own->value
                          : bench->result_n <= 0
                              ? 0
                              : (long long)totals[i] / bench->result_n;
        evprof_buf_printf(out, "\t%8lld %s", value, units[i]);
    }
}

void
evprof_result_format(evprof_buf_t *out, const evprof_bench_t *bench,
                     bool with_memory)
{
    evprof_buf_printf(out, "%8lld", (long long)bench->result_n);
    add_time(out, bench);
    if (bench->metric_count > 0) {
        qsort(bench->metrics, bench->metric_count, sizeof(bench->metrics[0]),
              by_unit);
    }
    for (size_t i = 0; i < bench->metric_count; i++) {
        if (!is_built_in(bench->metrics[i].unit)) {
            add_metric(out, bench->metrics[i].value, bench->metrics[i].unit);
        }
    }
    if (with_memory) {
        add_memory(out, bench);
    }
}
