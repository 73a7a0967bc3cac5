/* SPDX-License-Identifier: Apache-2.0 */
/* Costs of what runs all the time: an uncontended lock, a label, dlclose(). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evprof.h>

#include "core/objects/objects.h"
#include "tests/bench/locks/bench_locks.h"

enum { ROUNDS = 9, LABELS = 1000000, UNLOADS = 200 };

/* Of a lock and unlock, and of a try and unlock. */
typedef struct pair {
    double locked_ns;
    double tried_ns;
} pair_t;

/* What the program prints when it is run so. */
static pair_t
run_pair(const char *command)
{
    pair_t pair = { 0 };
    FILE *out = popen(command, "r");
    if (out == NULL ||
        fscanf(out, "%lf %lf", &pair.locked_ns, &pair.tried_ns) != 2) {
        fprintf(stderr, "cannot run %s\n", command);
        exit(1);
    }
    pclose(out);
    return pair;
}

typedef struct pairs {
    double locked_ns[ROUNDS];
    double tried_ns[ROUNDS];
} pairs_t;

static void
set_pair(pairs_t *pairs, int round, pair_t pair, pair_t base)
{
    pairs->locked_ns[round] = pair.locked_ns - base.locked_ns;
    pairs->tried_ns[round] = pair.tried_ns - base.tried_ns;
}

static void
print_pair(const char *what, double bare, double off, double on)
{
    printf("pair: uncontended %s and unlock: libc %.2f ns; wrapped and off "
           "%+.2f ns (budget +1); on %+.2f ns (budget +8)\n",
           what, bare, off, on);
}

void
bench_pair(void)
{
    pairs_t bare;
    pairs_t off;
    pairs_t on;
    for (int i = 0; i < ROUNDS; i++) {
        pair_t base = run_pair(BENCH_PAIR);
        set_pair(&bare, i, base, (pair_t){ 0 });
        set_pair(&off, i, run_pair("LD_PRELOAD=" BENCH_LIBRARY " " BENCH_PAIR),
                 base);
        set_pair(&on, i,
                 run_pair("LD_PRELOAD=" BENCH_LIBRARY " " BENCH_PAIR " on"),
                 base);
    }
    print_pair("lock", bench_median(bare.locked_ns, ROUNDS),
               bench_median(off.locked_ns, ROUNDS),
               bench_median(on.locked_ns, ROUNDS));
    print_pair("try", bench_median(bare.tried_ns, ROUNDS),
               bench_median(off.tried_ns, ROUNDS),
               bench_median(on.tried_ns, ROUNDS));
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

/* Nanoseconds to unload a plugin by that function, which dlopen() brings back.
 */
static double
unload_ns(int (*unload)(void *))
{
    int64_t sum_ns = 0;
    for (int i = 0; i < UNLOADS; i++) {
        void *handle = dlopen(BENCH_PLUGIN, RTLD_NOW | RTLD_LOCAL);
        if (handle == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            exit(1);
        }
        int64_t start_ns = bench_clock(CLOCK_THREAD_CPUTIME_ID);
        unload(handle);
        sum_ns += bench_clock(CLOCK_THREAD_CPUTIME_ID) - start_ns;
    }
    return (double)sum_ns / UNLOADS;
}

void
bench_unload(void)
{
    double bare[ROUNDS];
    double idle[ROUNDS];
    double wrapped[ROUNDS];
    int (*real)(void *);
    void *symbol = dlsym(RTLD_NEXT, "dlclose");
    memcpy(&real, &symbol, sizeof(real));
    for (int round = 0; round < ROUNDS; round++) {
        idle[round] = unload_ns(dlclose);
    }
    evprof_objects_release(evprof_objects_acquire());
    for (int round = 0; round < ROUNDS; round++) {
        bare[round] = unload_ns(real);
        wrapped[round] = unload_ns(dlclose);
    }
    printf("unload: dlclose() of a plugin: libc %.1f us; wrapped %.1f us, and "
           "%.1f us once there was a profile\n",
           bench_median(bare, ROUNDS) / 1e3, bench_median(idle, ROUNDS) / 1e3,
           bench_median(wrapped, ROUNDS) / 1e3);
}
