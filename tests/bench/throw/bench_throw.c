/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a C host's C++ plugin throws: built alone, with libevprof, and with
 * libunwind first in link order, which is the accident that libevprof avoids.
 *
 * usage: bench_throw PLUGIN
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef WITH_EVPROF
#include <evprof/evprof.h>
#endif

#define ROUNDS 9
#define THROWS 2000

static double
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

int
main(int argc, char **argv)
{
#ifdef WITH_EVPROF
    evprof_error_t err;
    evprof_t *prof = evprof_new(NULL, &err);
    if (prof == NULL) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
#endif
    void *handle = argc < 2 ? NULL : dlopen(argv[1], RTLD_NOW);
    void *symbol = handle == NULL ? NULL : dlsym(handle, "plugin_throw");
    if (symbol == NULL) {
        (void)fprintf(stderr, "usage: bench_throw PLUGIN\n");
        return 2;
    }
    long (*plugin_throw)(int depth) = NULL;
    memcpy(&plugin_throw, &symbol, sizeof(symbol));
    double ns[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        for (int i = 0; i < THROWS; i++) {
            plugin_throw(5);
        }
        ns[round] = (now_ns() - begin) / THROWS;
    }
    qsort(ns, ROUNDS, sizeof(ns[0]), compare);
    printf("%-24s %8.0f ns a throw through 6 frames\n", strrchr(argv[0], '/'),
           ns[ROUNDS / 2]);
    return 0;
}
