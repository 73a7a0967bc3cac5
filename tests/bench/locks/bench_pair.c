/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what an uncontended lock and unlock cost, and then a try and unlock,
 * in ns: the best of many runs. With "on" and the library preloaded, everything
 * is recorded. usage: bench_pair [on] */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <evprof/evprof.h>

enum { RUNS = 200, PAIRS = 100000 };

static double
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The library is there only when somebody preloads it. */
static void
switch_on(void)
{
    evprof_t *(*make)(const char *, evprof_error_t *);
    int (*set_rate)(evprof_t *, long);
    int (*set_fraction)(evprof_t *, int);
    *(void **)&make = dlsym(RTLD_DEFAULT, "evprof_new");
    *(void **)&set_rate = dlsym(RTLD_DEFAULT, "evprof_set_block_rate");
    *(void **)&set_fraction = dlsym(RTLD_DEFAULT, "evprof_set_mutex_fraction");
    evprof_t *prof = make(NULL, NULL);
    set_rate(prof, 1);
    set_fraction(prof, 1);
}

static double
time_pairs(int (*lock)(pthread_mutex_t *))
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    double start = now_ns();
    for (int i = 0; i < PAIRS; i++) {
        lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
    return (now_ns() - start) / PAIRS;
}

int
main(int argc, char **argv)
{
    double locked = 1e9;
    double tried = 1e9;
    if (argc > 1 && strcmp(argv[1], "on") == 0) {
        switch_on();
    }
    for (int run = 0; run < RUNS; run++) {
        double each = time_pairs(pthread_mutex_lock);
        locked = each < locked ? each : locked;
        each = time_pairs(pthread_mutex_trylock);
        tried = each < tried ? each : tried;
    }
    printf("%.3f %.3f\n", locked, tried);
    return 0;
}
