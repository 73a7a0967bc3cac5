/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_tool EVPROF PROFILE...: runs -top, -traces and -proto on the profiles
 * with EVPROF and, where there is a `go`, with `go tool pprof`, in turns, and
 * prints the medians of time and the largest memory of each. With a tiny
 * profile it shows what starting up costs.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 3, ARGS_MAX = 1024, TOOLS = 2 };

typedef struct tool {
    const char *name;
    const char *words[4]; /* how the command begins */
    bool is_missing;
    double seconds[RUNS];
    long peak_kib;
} tool_t;

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Replaces the child; its output goes nowhere. */
static void
exec_tool(const tool_t *tool, const char *report, char **profiles)
{
    const char *args[ARGS_MAX];
    size_t count = 0;
    for (size_t i = 0; tool->words[i] != NULL; i++) {
        args[count++] = tool->words[i];
    }
    args[count++] = "-symbolize=none";
    args[count++] = report;
    if (strcmp(report, "-proto") == 0) {
        args[count++] = "-output=/dev/null";
    }
    for (size_t i = 0; profiles[i] != NULL && count < ARGS_MAX - 1; i++) {
        args[count++] = profiles[i];
    }
    args[count] = NULL;
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++) {
        dup2(null, fd);
    }
    char *const *own = (char *const *)(void *)args;
    execvp(own[0], own);
    _exit(127);
}

static void
run_once(tool_t *tool, const char *report, char **profiles, size_t run)
{
    double start = now();
    pid_t pid = fork();
    if (pid == 0) {
        exec_tool(tool, report, profiles);
    }
    int status = 0;
    struct rusage usage = { 0 };
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
        tool->is_missing = true;
        return;
    }
    tool->seconds[run] = now() - start;
    if (usage.ru_maxrss > tool->peak_kib) {
        tool->peak_kib = usage.ru_maxrss;
    }
}

static int
compare(const void *a, const void *b)
{
    const double *one = a;
    const double *other = b;
    return (*one > *other) - (*one < *other);
}

static void
bench_report(tool_t *tools, const char *report, char **profiles)
{
    for (size_t t = 0; t < TOOLS; t++) {
        tools[t].peak_kib = 0;
    }
    for (size_t run = 0; run < RUNS; run++) {
        for (size_t t = 0; t < TOOLS; t++) {
            if (!tools[t].is_missing) {
                run_once(&tools[t], report, profiles, run);
            }
        }
    }
    printf("%-8s", report);
    for (size_t t = 0; t < TOOLS; t++) {
        if (tools[t].is_missing) {
            printf("  %-16s (cannot be run)", tools[t].name);
            continue;
        }
        qsort(tools[t].seconds, RUNS, sizeof(double), compare);
        printf("  %-14s %8.3f s %6ld MiB", tools[t].name,
               tools[t].seconds[RUNS / 2], tools[t].peak_kib / 1024);
    }
    printf("\n");
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    if (argc < 3 || argc > ARGS_MAX / 2) {
        fputs("usage: bench_tool EVPROF PROFILE...\n", stderr);
        return 2;
    }
    tool_t tools[TOOLS] = {
        { .name = "evprof", .words = { argv[1] } },
        { .name = "go tool pprof", .words = { "go", "tool", "pprof" } },
    };
    static const char *const reports[] = { "-top", "-traces", "-proto" };
    printf("medians of %d runs in turns, largest memory\n", RUNS);
    for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        bench_report(tools, reports[i], argv + 2);
    }
    return 0;
}
