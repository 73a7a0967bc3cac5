/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_STATE_H
#define EVPROF_TESTING_STATE_H

/*
 * The state of a running test or benchmark, and of the whole run. A test
 * belongs to the thread that runs it; `lock` guards what its sub-tests and
 * helper threads touch too (output, flags, the list of parallel sub-tests).
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>

#include <evprof/testing.h>

#include "adapters/testing/match.h"
#include "adapters/testing/options.h"
#include "core/base/buf.h"

struct evprof_cleanup_step {
    void (*run)(void *arg);
    void (*run_tb)(void *arg, evprof_tb_t *tb);
    void *arg;
    struct evprof_cleanup_step *next;
};

struct evprof_metric {
    char *unit;
    double value;
};

/* What a benchmark is measured by. */
typedef struct evprof_bench {
    bool timer_on;
    bool show_allocs;
    int parallelism;
    int64_t start_ns;
    int64_t duration_ns;
    uint64_t start_allocs, start_bytes;
    uint64_t net_allocs, net_bytes;
    int64_t bytes; /* one iteration's */
    int64_t previous_n, previous_ns;
    struct evprof_metric *metrics;
    size_t metric_count;
    int64_t loop_done, loop_target; /* evprof_loop: 0 target before the first */
    int64_t result_n;
} evprof_bench_t;

struct evprof_tb_state {
    evprof_tb_t tb;
    struct evprof_tb_state *parent;
    char *name;
    int level; /* 0: the root that runs the top-level ones */
    bool is_benchmark;
    void (*entry)(evprof_tb_t *tb);          /* top level */
    void (*sub)(evprof_tb_t *tb, void *arg); /* sub-test */
    void *arg;

    pthread_mutex_t lock;
    pthread_cond_t moved; /* `is_done`, `is_parallel` or `may_go` changed */
    bool is_done;
    bool is_parallel; /* waits for the serial part of its parent */
    bool may_go;
    struct evprof_tb_state *parallel_subs; /* waiting, last added first */
    struct evprof_tb_state *next_parallel;
    evprof_buf_t output;
    evprof_buf_t said; /* all that it has logged, for -junit */
    atomic_bool has_failed, is_skipped, is_finished, has_sub;

    pthread_t thread;
    jmp_buf leave;
    struct evprof_cleanup_step *cleanups;
    char *temp_dir;
    _Atomic int64_t start_ns; /* read by the watch, too */
    int64_t duration_ns;
    evprof_bench_t bench;

    struct evprof_tb_state *next_running; /* the list of the watch */
    struct evprof_tb_state *previous_running;
};

/* The run as a whole; filled before the first test, constant afterwards but for
 * what is atomic. */
typedef struct evprof_test_run {
    evprof_test_options_t options;
    evprof_matcher_t *match; /* of what is running now */
    int procs;               /* of the current -cpu round */
    size_t name_width;       /* of the benchmark column */
    size_t suffix_width;     /* of "-N" for the most workers */
    bool has_bench_header;
    atomic_bool any_failed;
    atomic_long ran;
} evprof_test_run_t;

extern evprof_test_run_t evprof_test_run;

/* A new child of `parent`, its name copied; never NULL, memory running out ends
 * the program with a message. */
struct evprof_tb_state *evprof_tb_new(struct evprof_tb_state *parent,
                                      const char *name);

/* Frees a test that has ended, with its output. It must have no sub-tests
 * left. */
void evprof_tb_free(struct evprof_tb_state *s);

/* Runs `body(s)` so that fatal and skip come back here. */
void evprof_tb_protect(struct evprof_tb_state *s,
                       void (*body)(struct evprof_tb_state *s));

/* Calls the body of a test or benchmark, top-level or sub. */
void evprof_tb_call(struct evprof_tb_state *s);

/* Runs the cleanups and removes the temporary folder. */
void evprof_tb_clean_up(struct evprof_tb_state *s);

/* Starts a thread that runs `fn(arg)`, or ends the program with a message. */
pthread_t evprof_testing_thread(void *(*fn)(void *), void *arg);

/* ---- What is printed (output.c) ---- */

/* A line that belongs to `name` while verbose: "=== RUN   x\n". */
void evprof_output_update(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A log line of `s`: at once while verbose, else kept for its report. */
void evprof_output_log(struct evprof_tb_state *s, const char *text);

/* The line `format`, then what `s` has kept, to its parent. */
void evprof_output_report(struct evprof_tb_state *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Plain output that belongs to no test. */
void evprof_output_plain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* "" or the mark that tells -json's reader our lines from a test's own. */
const char *evprof_output_mark(void);

/* ---- Running (test.c, bench.c) ---- */

/* Runs the tests that -run and -skip choose. True: all passed. */
bool evprof_run_tests(evprof_testing_entry_t *const *entries, size_t count);

/* Runs those that -bench chooses, one after the other. True: all passed. */
bool evprof_run_benchmarks(evprof_testing_entry_t *const *entries,
                           size_t count);

/* Runs a sub-test, where -run and -skip choose it, on the thread of its parent.
 * True: it passed, or was not chosen. */
bool evprof_run_sub_test(struct evprof_tb_state *parent, const char *name,
                         void (*fn)(evprof_tb_t *, void *), void *arg);

/* The same for a part of a benchmark. */
bool evprof_run_sub_benchmark(struct evprof_tb_state *parent, const char *name,
                              void (*fn)(evprof_tb_t *, void *), void *arg);

/* The worker counts of -cpu, ended by 0. */
extern int *evprof_test_cpus;

#endif
