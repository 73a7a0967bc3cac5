/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures that the sampler promises, beside those of what it replaces: the
 * kernel's bare signals and timers, glibc's backtrace(), setitimer().
 */
#include "tests/bench/sample/bench_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t
bench_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
bench_burn(uint64_t ns)
{
    const uint64_t end = bench_clock(CLOCK_THREAD_CPUTIME_ID) + ns;
    while (bench_clock(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (volatile int i = 0; i < 2000; i++) {
        }
    }
}

static void
stop_on(int status, const char *what, const evprof_error_t *err)
{
    if (status != EVPROF_OK) {
        fprintf(stderr, "bench_sample: %s: %s\n", what, err->message);
        exit(EXIT_FAILURE);
    }
}

static evprof_sample_window_t *window;

void
bench_begin(unsigned rate_hz, const char *unwinder)
{
    const evprof_sampling_options_t options = {
        .rate_hz = rate_hz,
        .unwinder = evprof_unwinder_find(unwinder),
        .depth = 128,
    };
    evprof_error_t err = { 0 };
    stop_on(evprof_cpu_begin(&options, &window, &err), "begin", &err);
}

evprof_pprof_t *
bench_end(void)
{
    evprof_error_t err = { 0 };
    evprof_pprof_t *profile = NULL;
    evprof_builder_t *builder = evprof_builder_new(0);
    stop_on(evprof_cpu_end(window, builder, &err), "end", &err);
    stop_on(evprof_builder_finish(builder, &profile, &err), "finish", &err);
    evprof_builder_free(builder);
    return profile;
}

int64_t
bench_samples(const evprof_pprof_t *profile)
{
    int64_t sum = 0;
    for (size_t i = 0; i < profile->sample_count; i++) {
        sum += profile->samples[i].values[0];
    }
    return sum;
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    { "handler", bench_handler }, { "memory", bench_memory },
    { "arm", bench_arm },         { "sums", bench_sums },
    { "shares", bench_shares },
};

int
main(int argc, char **argv)
{
    (void)evprof_thread_self();
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        int is_wanted = argc == 1;
        for (int arg = 1; arg < argc; arg++) {
            is_wanted |= strcmp(argv[arg], parts[i].name) == 0;
        }
        if (is_wanted) {
            printf("== %s\n", parts[i].name);
            fflush(stdout);
            parts[i].run();
        }
    }
    return EXIT_SUCCESS;
}
