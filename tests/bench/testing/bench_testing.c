/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner's ns/op beside a loop timed by hand, in turns in one process, and
 * micro-benchmarks of what profiles are built with.
 */
#include <evprof/testing.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/hash.h"
#include "core/base/strings.h"

#define ROUNDS 9

static double by_runner[ROUNDS];
static double by_hand[ROUNDS];
static int round_count;

static long
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

__attribute__((noinline)) static long
Add(long a, long b)
{
    long sum = a;
    for (long i = 0; i < 50; i++) {
        sum += (b ^ i) % 7;
    }
    return sum;
}

static void
time_by_hand(long long n)
{
    long began = now_ns();
    for (long long i = 0; i < n; i++) {
        EVPROF_KEEP(Add(i, 2));
    }
    by_hand[round_count] = (double)(now_ns() - began) / (double)n;
}

/* Every long enough run of the runner is followed by the same by hand. */
BENCHMARK(Add)
{
    for (long long i = 0; i < b->n; i++) {
        EVPROF_KEEP(Add(i, 2));
    }
    evprof_stop_timer(b);
    if (evprof_elapsed_ns(b) > 50000000 && round_count < ROUNDS) {
        by_runner[round_count] = (double)evprof_elapsed_ns(b) / (double)b->n;
        time_by_hand(b->n);
        round_count++;
    }
}

BENCHMARK(Hash)
{
    static const char text[] = "core/sample/sig_handler.c";
    evprof_set_bytes(b, sizeof(text) - 1);
    for (long long i = 0; i < b->n; i++) {
        EVPROF_KEEP(evprof_hash(text, sizeof(text) - 1, (uint64_t)i));
    }
}

BENCHMARK(Intern)
{
    evprof_strings_t set = { 0 };
    while (evprof_loop(b)) {
        EVPROF_KEEP(evprof_strings_intern(&set, "evprof_pprof_encode"));
    }
    evprof_strings_free(&set);
}

static int
by_value(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
    char bench[] = "-bench=.";
    char count[] = "-count=9";
    char duration[] = "-benchtime=100ms";
    char cpu[] = "-cpu=1";
    char *defaults[] = { argv[0], bench, count, duration, cpu, NULL };
    int status = argc > 1 ? evprof_testing_main(argc, argv)
                          : evprof_testing_main(5, defaults);
    double ratios[ROUNDS];
    for (int i = 0; i < round_count; i++) {
        ratios[i] = by_runner[i] / by_hand[i];
    }
    if (round_count > 0) {
        qsort(ratios, (size_t)round_count, sizeof(ratios[0]), by_value);
        printf("ns/op of the runner / by hand, median of %d: %.4f "
               "(wanted within 2 %%)\n",
               round_count, ratios[round_count / 2]);
    }
    return status;
}
