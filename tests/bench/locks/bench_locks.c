/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/locks/bench_locks.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t
bench_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
    const double *one = a;
    const double *other = b;
    return (*one > *other) - (*one < *other);
}

double
bench_median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), by_value);
    return values[count / 2];
}

static const struct part {
    const char *name;
    void (*run)(void);
} parts[] = {
    { "pair", bench_pair },     { "labels", bench_labels },
    { "unload", bench_unload }, { "total", bench_total },
    { "bias", bench_bias },     { "burst", bench_burst },
    { "dump", bench_dump },     { "stuck", bench_stuck },
    { "wall", bench_wall },
};

static int
is_asked(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return 1;
        }
    }
    return argc == 1;
}

int
main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (is_asked(parts[i].name, argc, argv)) {
            parts[i].run();
            fflush(stdout);
        }
    }
    return 0;
}
