/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_tool EVPROF PROFILE...: runs reports on the profiles, merged, with
 * EVPROF and, where there is a `go`, with `go tool pprof`, in turns, and prints
 * the medians of processor time, of time passed, and the largest memory of
 * each. With a tiny profile it shows what starting up costs; with many it shows
 * what merging costs, on one processor and on all.
 *
 * bench_tool -growth EVPROF PROFILE...: runs EVPROF alone on each profile and
 * prints how much more each one costs than the one before.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 3, ARGS_MAX = 1024, TOOLS = 2 };

/* A tool that needs more processor time than this for a report is stopped. */
enum { LIMIT_SECONDS = 300 };

typedef struct tool {
    const char *name;
    const char *words[4]; /* how the command begins */
    bool one_processor;
    bool is_missing;
} tool_t;

typedef struct report {
    const char *name;
    const char *flags[3];
} report_t;

static const report_t reports[] = {
    { "-top", { "-top" } },
    { "-traces", { "-traces" } },
    { "-proto", { "-proto" } },
    { "-dot", { "-dot" } },
    { "-dot -call_tree", { "-dot", "-call_tree" } },
    { "-callgrind", { "-callgrind" } },
    { "-peek=.", { "-peek=." } },
    { "-peek", { "-peek=Module1020" } },
};

enum { REPORTS = sizeof(reports) / sizeof(reports[0]) };

typedef struct cost {
    double passed[RUNS];
    double cpu[RUNS];
    size_t runs;
    long peak_kib;
    bool is_over; /* the limit was reached */
} cost_t;

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds_of(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

/* Replaces the child; its output goes nowhere. */
static void
exec_tool(const tool_t *tool, const report_t *report, char **profiles)
{
    const char *args[ARGS_MAX];
    size_t count = 0;
    for (size_t i = 0; tool->words[i] != NULL; i++) {
        args[count++] = tool->words[i];
    }
    args[count++] = "-symbolize=none";
    for (size_t i = 0; report->flags[i] != NULL; i++) {
        args[count++] = report->flags[i];
    }
    args[count++] = "-output=/dev/null";
    for (size_t i = 0; profiles[i] != NULL && count < ARGS_MAX - 1; i++) {
        args[count++] = profiles[i];
    }
    args[count] = NULL;
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++) {
        dup2(null, fd);
    }
    if (tool->one_processor) {
        cpu_set_t first;
        CPU_ZERO(&first);
        CPU_SET(0, &first);
        sched_setaffinity(0, sizeof(first), &first);
    }
    struct rlimit limit = { LIMIT_SECONDS, LIMIT_SECONDS };
    setrlimit(RLIMIT_CPU, &limit);
    char *const *own = (char *const *)(void *)args;
    execvp(own[0], own);
    _exit(127);
}

static void
run_once(tool_t *tool, const report_t *report, char **profiles, cost_t *cost)
{
    double start = now();
    pid_t pid = fork();
    if (pid == 0) {
        exec_tool(tool, report, profiles);
    }
    int status = 0;
    struct rusage usage = { 0 };
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
        tool->is_missing = true;
        return;
    }
    if (WIFSIGNALED(status)) {
        cost->is_over = true;
    } else if (status != 0) {
        tool->is_missing = true;
    }
    cost->passed[cost->runs] = now() - start;
    cost->cpu[cost->runs++] = seconds_of(&usage);
    if (usage.ru_maxrss > cost->peak_kib) {
        cost->peak_kib = usage.ru_maxrss;
    }
}

static int
compare(const void *a, const void *b)
{
    const double *one = a;
    const double *other = b;
    return (*one > *other) - (*one < *other);
}

static double
median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return count > 0 ? values[count / 2] : 0;
}

static void
print_cost(const tool_t *tool, cost_t *cost)
{
    if (tool->is_missing) {
        printf("  %-24s (cannot be run)", tool->name);
    } else if (cost->is_over) {
        printf("  %-24s over %d s, over %ld MiB", tool->name, LIMIT_SECONDS,
               cost->peak_kib / 1024);
    } else {
        printf("  %-24s %7.3f s cpu %7.3f s %6ld MiB", tool->name,
               median(cost->cpu, cost->runs), median(cost->passed, cost->runs),
               cost->peak_kib / 1024);
    }
}

static void
bench_report(tool_t *tools, const report_t *report, char **profiles)
{
    cost_t costs[TOOLS] = { { .runs = 0 } };
    for (size_t run = 0; run < RUNS; run++) {
        for (size_t t = 0; t < TOOLS; t++) {
            if (!tools[t].is_missing && !costs[t].is_over) {
                run_once(&tools[t], report, profiles, &costs[t]);
            }
        }
    }
    printf("%-16s", report->name);
    for (size_t t = 0; t < TOOLS; t++) {
        print_cost(&tools[t], &costs[t]);
    }
    printf("\n");
    fflush(stdout);
}

/* How much longer merging takes without help of the other processors. */
static void
bench_processors(char *evprof, char **profiles)
{
    tool_t tools[TOOLS] = {
        { .name = "evprof, all processors", .words = { evprof } },
        { .name = "evprof, one", .words = { evprof }, .one_processor = true },
    };
    bench_report(tools, &reports[0], profiles);
}

static void
bench_growth(char *evprof, char **profiles)
{
    tool_t tool = { .name = "", .words = { evprof } };
    for (size_t r = 0; r < REPORTS; r++) {
        double before[2] = { 0 };
        off_t size_before = 0;
        for (size_t i = 0; profiles[i] != NULL && !tool.is_missing; i++) {
            char *one[] = { profiles[i], NULL };
            struct stat info = { .st_size = 0 };
            cost_t cost = { .runs = 0 };
            stat(profiles[i], &info);
            run_once(&tool, &reports[r], one, &cost);
            printf("%-16s %9ld KiB of input %8.3f s cpu %6ld MiB",
                   reports[r].name, (long)info.st_size / 1024, cost.cpu[0],
                   cost.peak_kib / 1024);
            if (i > 0) {
                printf("   input x %.1f: time x %.1f, memory x %.1f",
                       (double)info.st_size / (double)size_before,
                       cost.cpu[0] / before[0],
                       (double)cost.peak_kib / before[1]);
            }
            printf("\n");
            fflush(stdout);
            before[0] = cost.cpu[0];
            before[1] = (double)cost.peak_kib;
            size_before = info.st_size;
        }
    }
}

int
main(int argc, char **argv)
{
    bool is_growth = argc > 1 && strcmp(argv[1], "-growth") == 0;
    argv += is_growth;
    argc -= is_growth;
    if (argc < 3 || argc > ARGS_MAX / 2) {
        fputs("usage: bench_tool [-growth] EVPROF PROFILE...\n", stderr);
        return 2;
    }
    if (is_growth) {
        bench_growth(argv[1], argv + 2);
        return 0;
    }
    tool_t tools[TOOLS] = {
        { .name = "evprof", .words = { argv[1] } },
        { .name = "go tool pprof", .words = { "go", "tool", "pprof" } },
    };
    printf("medians of %d runs in turns, largest memory\n", RUNS);
    for (size_t i = 0; i < REPORTS; i++) {
        bench_report(tools, &reports[i], argv + 2);
    }
    if (argc > 3) {
        bench_processors(argv[1], argv + 2);
    }
    return 0;
}
