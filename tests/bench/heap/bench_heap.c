/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What heap profiles cost and how right they are. jemalloc reads its settings
 * once, so each figure is taken in a process of its own: the program starts
 * itself with the settings and reads one line back.
 *
 * usage: bench_heap [accuracy|unbiased|sample|pair|dump]...   (all, without)
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/heap/bench_heap.h"

#define MAX_RUNS 40

/* Runs `bench_heap child NAME ARG` under `conf`; false when it failed. */
static bool
run_child(const char *conf, const char *name, const char *arg,
          bench_line_t *out)
{
    int ends[2];
    char text[256] = "";
    int status = -1;
    *out = (bench_line_t){ .count = 0 };
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)setenv("MALLOC_CONF", conf, 1);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execl("/proc/self/exe", "bench_heap", "child", name, arg, NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    bool is_read = in != NULL && fgets(text, sizeof(text), in) != NULL;
    if (in != NULL) {
        (void)fclose(in);
    }
    (void)waitpid(pid, &status, 0);
    char *at = text;
    for (; out->count < 4; out->count++) {
        char *end = at;
        out->values[out->count] = strtod(at, &end);
        if (end == at) {
            break;
        }
        at = end;
    }
    return is_read && status == 0 && out->count > 0;
}

static int
compare(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return *a < *b ? -1 : *a > *b;
}

static double
median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return count == 0 ? NAN : values[count / 2];
}

static void
bench_accuracy(void)
{
    bench_line_t line;
    if (run_child("prof:true,prof_active:false", "accuracy", "4k", &line)) {
        printf("accuracy, R = 4 KiB, 0.75 GB of mixed sizes in use, as much "
               "freed\n"
               "  in use %+.2f %%, cumulative %+.2f %% (wanted: 0.75 %%)\n",
               line.values[0] * 100, line.values[1] * 100);
    }
}

static void
bench_unbiased(void)
{
    double sum = 0;
    double worst = 0;
    int runs = 0;
    for (; runs < 30; runs++) {
        bench_line_t line;
        if (!run_child("prof:true,prof_active:false", "accuracy", "512k",
                       &line)) {
            return;
        }
        double bound = 3 / sqrt(line.values[2] / (512 * 1024));
        sum += line.values[0];
        if (fabs(line.values[0]) / bound > worst) {
            worst = fabs(line.values[0]) / bound;
        }
    }
    printf("accuracy, R = 512 KiB, %d runs of 0.75 GB\n"
           "  mean %+.2f %% (wanted: 1.5 %%), worst %.2f of 3/sqrt(bytes/R) "
           "(wanted: 1)\n",
           runs, sum / runs * 100, worst);
}

static void
bench_sample(void)
{
    bench_line_t line;
    if (run_child("prof:true,prof_active:false,lg_prof_sample:0", "sample",
                  "25", &line)) {
        printf("a sampled malloc and its free at 25 frames\n"
               "  our hook %.2f us (wanted: 1.5), jemalloc's own walk %.2f us, "
               "one frame %.2f us\n",
               line.values[0] / 1000, line.values[1] / 1000,
               line.values[2] / 1000);
    }
}

static void
bench_pair(void)
{
    static const struct {
        const char *name;
        const char *conf;
        const char *arg;
    } rows[] = {
        { "prof:false", "prof:false", "off" },
        { "prof:true, inactive", "prof:true,prof_active:false", "off" },
        { "active, R = 512 KiB", "prof:true,prof_active:false", "on" },
    };
    double values[3][MAX_RUNS];
    double differences[3][MAX_RUNS];
    size_t runs = 0;
    for (; runs < 15; runs++) {
        for (size_t i = 0; i < 3; i++) {
            bench_line_t line;
            if (!run_child(rows[i].conf, "pair", rows[i].arg, &line)) {
                return;
            }
            values[i][runs] = line.values[0];
            differences[i][runs] = line.values[0] - values[0][runs];
        }
    }
    printf("malloc(1024) and free, medians of %zu interleaved runs\n", runs);
    for (size_t i = 0; i < 3; i++) {
        printf("  %-20s %6.2f ns", rows[i].name, median(values[i], runs));
        printf("  (%+.2f ns)\n", median(differences[i], runs));
    }
}

static void
bench_dump(void)
{
    bench_line_t line;
    if (run_child("prof:true,prof_active:false,lg_prof_sample:0", "dump", "64k",
                  &line)) {
        printf("malloc in another thread, 64 k stacks, every malloc sampled\n"
               "  p99 %.1f us, worst %.2f ms without a dump; p99 %.1f us, "
               "worst %.2f ms during dumps\n",
               line.values[0] / 1e3, line.values[1] / 1e6, line.values[2] / 1e3,
               line.values[3] / 1e6);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} benches[] = {
    { "accuracy", bench_accuracy }, { "unbiased", bench_unbiased },
    { "sample", bench_sample },     { "pair", bench_pair },
    { "dump", bench_dump },
};

int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "child") == 0) {
        return bench_heap_child(argv[2], argv[3]);
    }
    for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++) {
        bool is_wanted = argc < 2;
        for (int k = 1; k < argc; k++) {
            is_wanted = is_wanted || strcmp(argv[k], benches[i].name) == 0;
        }
        if (is_wanted) {
            benches[i].run();
            (void)fflush(stdout);
        }
    }
    return EXIT_SUCCESS;
}
