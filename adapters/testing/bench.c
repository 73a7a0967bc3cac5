/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measuring. A benchmark is run once with n = 1, which also finds
 * sub-benchmarks and failures, then with growing n until it took as long as
 * asked: from the last rate, a fifth more, at most a hundredfold, at least one
 * more, at most 1e9. Only the last run is reported. `evprof_loop` does the same
 * inside one run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/testing/count.h"
#include "adapters/testing/junit.h"
#include "adapters/testing/result.h"
#include "adapters/testing/state.h"
#include "adapters/testing/watch.h"
#include "core/base/clock.h"

#define MAX_ITERATIONS INT64_C(1000000000)

/* A benchmark's kept log lines are cut at so many. */
#define MAX_LOG_LINES 10

static int64_t predict(int64_t goal_ns, int64_t previous_n, int64_t previous_ns,
                       int64_t last);

void
evprof_start_timer(evprof_tb_t *b)
{
    evprof_bench_t *m = &b->state->bench;
    if (!m->timer_on) {
        evprof_alloc_count_t now = evprof_alloc_count();
        m->start_allocs = now.allocs;
        m->start_bytes = now.bytes;
        m->timer_on = true;
        m->start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    }
}

void
evprof_stop_timer(evprof_tb_t *b)
{
    evprof_bench_t *m = &b->state->bench;
    if (m->timer_on) {
        m->duration_ns += evprof_clock_ns(CLOCK_MONOTONIC) - m->start_ns;
        evprof_alloc_count_t now = evprof_alloc_count();
        m->net_allocs += now.allocs - m->start_allocs;
        m->net_bytes += now.bytes - m->start_bytes;
        m->timer_on = false;
    }
}

static void
clear_metrics(evprof_bench_t *m)
{
    for (size_t i = 0; i < m->metric_count; i++) {
        free(m->metrics[i].unit);
    }
    m->metric_count = 0;
}

void
evprof_reset_timer(evprof_tb_t *b)
{
    evprof_bench_t *m = &b->state->bench;
    clear_metrics(m);
    m->duration_ns = 0;
    m->net_allocs = 0;
    m->net_bytes = 0;
    if (m->timer_on) {
        evprof_alloc_count_t now = evprof_alloc_count();
        m->start_allocs = now.allocs;
        m->start_bytes = now.bytes;
        m->start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    }
}

long long
evprof_elapsed_ns(const evprof_tb_t *b)
{
    const evprof_bench_t *m = &b->state->bench;
    return m->duration_ns +
           (m->timer_on ? evprof_clock_ns(CLOCK_MONOTONIC) - m->start_ns : 0);
}

void
evprof_set_bytes(evprof_tb_t *b, long long bytes)
{
    b->state->bench.bytes = bytes;
}

void
evprof_report_allocs(evprof_tb_t *b)
{
    b->state->bench.show_allocs = true;
}

void
evprof_report_metric(evprof_tb_t *b, double value, const char *unit)
{
    evprof_bench_t *m = &b->state->bench;
    if (unit[0] == '\0' || strpbrk(unit, " \t\n\v\f\r") != NULL) {
        evprof_fatal(b, "metric unit must be one word: \"%s\"", unit);
    }
    for (size_t i = 0; i < m->metric_count; i++) {
        if (strcmp(m->metrics[i].unit, unit) == 0) {
            m->metrics[i].value = value;
            return;
        }
    }
    char *copy = strdup(unit);
    struct evprof_metric *metrics =
        copy == NULL
            ? NULL
            : realloc(m->metrics, (m->metric_count + 1) * sizeof(*metrics));
    if (metrics == NULL) {
        free(copy);
        evprof_fatal(b, "out of memory");
        return;
    }
    m->metrics = metrics;
    m->metrics[m->metric_count++] =
        (struct evprof_metric){ .unit = copy, .value = value };
}

static int64_t
predict(int64_t goal_ns, int64_t previous_n, int64_t previous_ns, int64_t last)
{
    if (previous_ns <= 0) {
        previous_ns = 1;
    }
    __extension__ __int128 wide = (__int128)goal_ns * previous_n / previous_ns;
    wide += wide / 5;
    int64_t n = wide > MAX_ITERATIONS ? MAX_ITERATIONS : (int64_t)wide;
    n = n > 100 * last ? 100 * last : n;
    n = n < last + 1 ? last + 1 : n;
    return n > MAX_ITERATIONS ? MAX_ITERATIONS : n;
}

/* Whether the loop goes on to a larger target; false when it is measured. */
static bool
raise_loop_target(evprof_bench_t *m)
{
    const evprof_test_options_t *o = &evprof_test_run.options;
    int64_t took =
        m->duration_ns + evprof_clock_ns(CLOCK_MONOTONIC) - m->start_ns;
    if (o->benchtime_n > 0 || took >= o->benchtime_ns ||
        m->loop_target >= MAX_ITERATIONS) {
        return false;
    }
    m->loop_target =
        predict(o->benchtime_ns, m->loop_done, took, m->loop_target);
    return true;
}

bool
evprof_loop(evprof_tb_t *b)
{
    evprof_bench_t *m = &b->state->bench;
    if (m->loop_done < m->loop_target) {
        m->loop_done++;
        return true;
    }
    if (!m->timer_on) {
        evprof_fatal(b, "evprof_loop called with timer stopped");
    }
    if (m->loop_target == 0) {
        int64_t fixed = evprof_test_run.options.benchtime_n;
        m->loop_target = fixed > 0 ? fixed : 1;
        b->n = 0;
        evprof_reset_timer(b);
        m->loop_done = 1;
        return true;
    }
    if (raise_loop_target(m)) {
        m->loop_done++;
        return true;
    }
    evprof_stop_timer(b);
    b->n = m->loop_done;
    return false;
}

static void
run_n(struct evprof_tb_state *s, int64_t n)
{
    evprof_bench_t *m = &s->bench;
    s->tb.n = n;
    m->loop_done = 0;
    m->loop_target = 0;
    evprof_reset_timer(&s->tb);
    evprof_start_timer(&s->tb);
    evprof_tb_protect(s, evprof_tb_call);
    evprof_stop_timer(&s->tb);
    m->previous_n = n;
    m->previous_ns = m->duration_ns;
    evprof_tb_clean_up(s);
}

static void
run_once(struct evprof_tb_state *s)
{
    run_n(s, 1);
}

static void
run_measured(struct evprof_tb_state *s)
{
    const evprof_test_options_t *o = &evprof_test_run.options;
    if (s->bench.loop_target != 0) {
        s->bench.result_n = s->tb.n;
        return;
    }
    if (o->benchtime_n > 1) {
        run_n(s, o->benchtime_n);
    }
    for (int64_t n = 1; o->benchtime_n == 0 && !evprof_failed(&s->tb) &&
                        s->bench.duration_ns < o->benchtime_ns &&
                        n < MAX_ITERATIONS;) {
        n = predict(o->benchtime_ns, s->tb.n, s->bench.duration_ns, n);
        run_n(s, n);
    }
    s->bench.result_n = s->tb.n;
}

typedef struct stage {
    struct evprof_tb_state *s;
    void (*run)(struct evprof_tb_state *s);
} stage_t;

static void *
stage_thread(void *arg)
{
    const stage_t *stage = arg;
    stage->s->start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_watch_enter(stage->s);
    stage->run(stage->s);
    evprof_watch_leave(stage->s);
    return NULL;
}

static void
on_thread(struct evprof_tb_state *s, void (*run)(struct evprof_tb_state *s))
{
    stage_t stage = { .s = s, .run = run };
    pthread_join(evprof_testing_thread(stage_thread, &stage), NULL);
}

static void
trim_output(struct evprof_tb_state *s)
{
    size_t lines = 0;
    for (size_t i = 0; i < s->output.len; i++) {
        if (s->output.data[i] == '\n' && ++lines >= MAX_LOG_LINES) {
            s->output.len = i;
            evprof_buf_puts(&s->output, "\n\t... [output truncated]\n");
            return;
        }
    }
}

static void
report(struct evprof_tb_state *s, const char *what, const char *name)
{
    if (strcmp(what, "FAIL") != 0) {
        trim_output(s);
    }
    evprof_output_plain("%s--- %s: %s\n%s", evprof_output_mark(), what, name,
                        s->output.data == NULL ? "" : s->output.data);
    evprof_buf_clear(&s->output);
}

/* The first run. True: there is something to measure. */
static bool
probe(struct evprof_tb_state *s)
{
    size_t width = strlen(s->name) + evprof_test_run.suffix_width + 1;
    if (width > evprof_test_run.name_width) {
        /* Some slack, so that the columns do not move with each name. */
        evprof_test_run.name_width = width + 8;
    }
    on_thread(s, run_once);
    if (evprof_failed(&s->tb)) {
        report(s, "FAIL", s->name);
        return false;
    }
    if (atomic_load(&s->has_sub) || atomic_load(&s->is_finished)) {
        if (evprof_test_run.options.verbose &&
            (s->output.len > 0 || atomic_load(&s->is_finished))) {
            report(s, atomic_load(&s->is_skipped) ? "SKIP" : "BENCH", s->name);
        }
        return false;
    }
    return true;
}

static void
print_result(struct evprof_tb_state *s, const char *name)
{
    const evprof_test_options_t *o = &evprof_test_run.options;
    if (evprof_failed(&s->tb)) {
        report(s, "FAIL", name);
        return;
    }
    evprof_buf_t columns = { 0 };
    evprof_result_format(&columns, &s->bench,
                         o->benchmem || s->bench.show_allocs);
    if (o->verbose) {
        evprof_output_plain("%-*s\t", (int)evprof_test_run.name_width, name);
    }
    evprof_output_plain("%s\n", columns.data == NULL ? "" : columns.data);
    evprof_buf_free(&columns);
    if (s->output.len > 0) {
        report(s, "BENCH", name);
    }
}

static struct evprof_tb_state *
like(const struct evprof_tb_state *s)
{
    struct evprof_tb_state *again = evprof_tb_new(s->parent, s->name);
    again->is_benchmark = true;
    again->entry = s->entry;
    again->sub = s->sub;
    again->arg = s->arg;
    return again;
}

static void
measure(struct evprof_tb_state *first)
{
    const evprof_test_options_t *o = &evprof_test_run.options;
    for (const int *cpu = evprof_test_cpus; *cpu != 0; cpu++) {
        for (int64_t i = 0; i < o->count; i++) {
            char name[512];
            evprof_test_run.procs = *cpu;
            snprintf(name, sizeof(name), *cpu == 1 ? "%s" : "%s-%d",
                     first->name, *cpu);
            if (!o->verbose) {
                evprof_output_plain("%-*s\t", (int)evprof_test_run.name_width,
                                    name);
            }
            bool is_again = cpu != evprof_test_cpus || i > 0;
            struct evprof_tb_state *s = is_again ? like(first) : first;
            if (is_again) {
                on_thread(s, run_once);
            }
            on_thread(s, run_measured);
            print_result(s, name);
            if (is_again) {
                evprof_tb_free(s);
            }
        }
    }
}

/* "model name" of the first processor, or the empty string. */
static void
cpu_name(char *out, size_t size)
{
    out[0] = '\0';
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            colon[strcspn(colon, "\n")] = '\0';
            snprintf(out, size, "%s", colon + 1 + (colon[1] == ' '));
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void
print_header(void)
{
    if (evprof_test_run.has_bench_header) {
        return;
    }
    evprof_test_run.has_bench_header = true;
#if defined(__x86_64__)
    const char *arch = "amd64";
#elif defined(__aarch64__)
    const char *arch = "arm64";
#else
    const char *arch = "unknown";
#endif
    char cpu[256];
    cpu_name(cpu, sizeof(cpu));
    evprof_output_plain("goos: linux\ngoarch: %s\npkg: %s\n", arch,
                        program_invocation_short_name);
    if (cpu[0] != '\0') {
        evprof_output_plain("cpu: %s\n", cpu);
    }
}

static void
run_benchmark(struct evprof_tb_state *s)
{
    print_header();
    if (evprof_test_run.options.json) {
        evprof_output_update(s->name, "=== RUN   %s\n", s->name);
    }
    if (evprof_test_run.options.verbose) {
        evprof_output_plain("%s\n", s->name);
    }
    if (probe(s)) {
        measure(s);
    }
    s->duration_ns = s->bench.duration_ns;
    evprof_junit_add(s);
}

bool
evprof_run_sub_benchmark(struct evprof_tb_state *parent, const char *name,
                         void (*fn)(evprof_tb_t *, void *), void *arg)
{
    char *full =
        evprof_matcher_sub_name(evprof_test_run.match, parent->name, name);
    enum evprof_match match =
        full == NULL ? EVPROF_MATCH_NO
                     : evprof_matcher_test(evprof_test_run.match, full);
    bool ok = true;
    if (match != EVPROF_MATCH_NO) {
        struct evprof_tb_state *s = evprof_tb_new(parent, full);
        s->is_benchmark = true;
        s->sub = fn;
        s->arg = arg;
        atomic_store(&s->has_sub, match == EVPROF_MATCH_PARTIAL);
        run_benchmark(s);
        ok = !evprof_failed(&s->tb);
        evprof_tb_free(s);
    }
    free(full);
    return ok;
}

/* The widest top-level name with its "-N", as the result column begins. */
static void
set_widths(evprof_testing_entry_t *const *entries, size_t count)
{
    int most = 1;
    for (const int *cpu = evprof_test_cpus; *cpu != 0; cpu++) {
        most = *cpu > most ? *cpu : most;
    }
    size_t suffix = most == 1 ? 0 : (size_t)snprintf(NULL, 0, "-%d", most);
    evprof_test_run.suffix_width = suffix;
    evprof_test_run.name_width = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = strlen(entries[i]->name) + 2 * suffix + 1;
        if (entries[i]->is_benchmark && width > evprof_test_run.name_width &&
            evprof_matcher_test(evprof_test_run.match, entries[i]->name)) {
            evprof_test_run.name_width = width;
        }
    }
}

bool
evprof_run_benchmarks(evprof_testing_entry_t *const *entries, size_t count)
{
    set_widths(entries, count);
    struct evprof_tb_state *root = evprof_tb_new(NULL, "");
    root->is_benchmark = true;
    for (size_t i = 0; i < count; i++) {
        enum evprof_match match =
            !entries[i]->is_benchmark
                ? EVPROF_MATCH_NO
                : evprof_matcher_test(evprof_test_run.match, entries[i]->name);
        if (match == EVPROF_MATCH_NO) {
            continue;
        }
        struct evprof_tb_state *s = evprof_tb_new(root, entries[i]->name);
        s->is_benchmark = true;
        s->entry = entries[i]->run;
        atomic_store(&s->has_sub, match == EVPROF_MATCH_PARTIAL);
        run_benchmark(s);
        evprof_tb_free(s);
    }
    bool ok = !evprof_failed(&root->tb);
    evprof_tb_free(root);
    return ok;
}
