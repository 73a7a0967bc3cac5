/* SPDX-License-Identifier: Apache-2.0 */
/* Costs of what runs all the time: an uncontended lock, a label. */
#include <stdio.h>
#include <stdlib.h>

#include <evprof/evprof.h>

#include "tests/bench/locks/bench_locks.h"

enum { ROUNDS = 9, LABELS = 1000000 };

/* What the program prints when it is run so. */
static double
run_pair(const char *command)
{
    double ns = 0;
    FILE *out = popen(command, "r");
    if (out == NULL || fscanf(out, "%lf", &ns) != 1) {
        fprintf(stderr, "cannot run %s\n", command);
        exit(1);
    }
    pclose(out);
    return ns;
}

void
bench_pair(void)
{
    double bare[ROUNDS];
    double off[ROUNDS];
    double on[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double base = run_pair(BENCH_PAIR);
        bare[i] = base;
        off[i] = run_pair("LD_PRELOAD=" BENCH_LIBRARY " " BENCH_PAIR) - base;
        on[i] =
            run_pair("LD_PRELOAD=" BENCH_LIBRARY " " BENCH_PAIR " on") - base;
    }
    printf("pair: uncontended lock and unlock: libc %.2f ns; wrapped and off "
           "%+.2f ns (budget +1); on %+.2f ns (budget +8)\n",
           bench_median(bare, ROUNDS), bench_median(off, ROUNDS),
           bench_median(on, ROUNDS));
}

void
bench_labels(void)
{
    double each[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start_ns = bench_clock(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < LABELS; i++) {
            EVPROF_LABEL("route", i % 2 == 0 ? "/hash" : "/primes");
        }
        each[round] =
            (double)(bench_clock(CLOCK_THREAD_CPUTIME_ID) - start_ns) / LABELS;
    }
    printf("labels: push and restore: %.1f ns\n", bench_median(each, ROUNDS));
}
