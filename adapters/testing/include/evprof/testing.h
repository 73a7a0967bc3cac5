/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_H
#define EVPROF_TESTING_H

/*
 * Tests and benchmarks that write profiles, as `go test -bench -cpuprofile`
 * does.
 *
 *     EVPROF_BENCHMARK(Add)
 *     {
 *         for (long long i = 0; i < b->n; i++) {
 *             EVPROF_KEEP(add(1, 2));
 *         }
 *     }
 *     EVPROF_TEST_MAIN()
 *
 * Every file of a program may define tests; they register themselves before
 * main(). Each runs on a thread of its own. Functions that end a test (fatal,
 * skip) leave it by longjmp: destructors of C++ objects on its stack do not
 * run. Unless it says otherwise a function may be called from the thread that
 * runs the test or benchmark, and from threads that it made and waits for.
 */

#include <stdbool.h>
#include <stddef.h>

#include <evprof/evprof.h>
#include <evprof/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A running test or benchmark; owned by the runner, valid until its cleanups
 * have run. */
typedef struct evprof_tb {
    long long n; /* benchmarks: how often the body is to run */
    struct evprof_tb_state *state; /* the runner's own */
} evprof_tb_t;

/* ---- Definition and registration ---- */

/* What a program has registered; static, with all that it points to. */
typedef struct evprof_testing_entry {
    const char *name;                  /* "TestAdd", "BenchmarkAdd" */
    bool is_benchmark;                 /* false: a test */
    void (*run)(evprof_tb_t *tb);      /* its body */
    struct evprof_testing_entry *next; /* the runner's own */
} evprof_testing_entry_t;

/* Adds an entry, which must live as long as the program; used by the macros.
 * Before main(). */
EVPROF_API void evprof_testing_register(evprof_testing_entry_t *entry);

#define EVPROF_TESTING__DEFINE(prefix, word, benchmark, param)                 \
    static void prefix##word(evprof_tb_t *param);                              \
    static evprof_testing_entry_t evprof_entry_##prefix##word = {              \
        #prefix #word, benchmark, prefix##word, NULL                           \
    };                                                                         \
    __attribute__((constructor)) static void evprof_register_##prefix##word(   \
        void)                                                                  \
    {                                                                          \
        evprof_testing_register(&evprof_entry_##prefix##word);                 \
    }                                                                          \
    static void prefix##word(__attribute__((unused)) evprof_tb_t *param)

/* `EVPROF_TEST(Add) { ... }`: the function TestAdd with the parameter `t`. */
#define EVPROF_TEST(word) EVPROF_TESTING__DEFINE(Test, word, false, t)

/* `EVPROF_BENCHMARK(Add) { ... }`: BenchmarkAdd with the parameter `b`. */
#define EVPROF_BENCHMARK(word) EVPROF_TESTING__DEFINE(Benchmark, word, true, b)

/*
 * Fixtures: for a type F with `void F_setup(evprof_tb_t *, F *)` and
 * `void F_teardown(evprof_tb_t *, F *)`, `EVPROF_TEST_F(F, Add) { ... }` runs
 * with `t` and `f`, an F that was zeroed and set up; the teardown runs however
 * the test ends.
 */
#define EVPROF_TESTING__FIXTURE(prefix, fixture, word, benchmark, param)       \
    static void prefix##_f_##word(evprof_tb_t *param, fixture *f);             \
    static void fixture##_evprof_##prefix##word(void *f, evprof_tb_t *param)   \
    {                                                                          \
        fixture##_teardown(param, (fixture *)f);                               \
    }                                                                          \
    EVPROF_TESTING__DEFINE(prefix, word, benchmark, param)                     \
    {                                                                          \
        fixture *f = (fixture *)evprof_fixture(param, sizeof(fixture));        \
        fixture##_setup(param, f);                                             \
        evprof_cleanup_tb(param, fixture##_evprof_##prefix##word, f);          \
        prefix##_f_##word(param, f);                                           \
    }                                                                          \
    static void prefix##_f_##word(__attribute__((unused)) evprof_tb_t *param,  \
                                  __attribute__((unused)) fixture *f)

#ifdef __cplusplus
/*
 * A fixture that is a C++ class: `EVPROF_TEST_C(Store, Holds) { f->add(1); }`.
 * It is made before the body and destroyed after it, also when the body is left
 * by fatal or skip; a constructor must not end the test.
 */
#define EVPROF_TESTING__CLASS(prefix, fixture, word, benchmark, param)         \
    static void prefix##_f_##word(evprof_tb_t *param, fixture *f);             \
    EVPROF_TESTING__DEFINE(prefix, word, benchmark, param)                     \
    {                                                                          \
        struct placed {                                                        \
            fixture value;                                                     \
            static void *                                                      \
            operator new(std::size_t, void *at)                                \
            {                                                                  \
                return at;                                                     \
            }                                                                  \
            static void                                                        \
            operator delete(void *, void *)                                    \
            {                                                                  \
            }                                                                  \
            static void                                                        \
            operator delete(void *)                                            \
            {                                                                  \
            }                                                                  \
        };                                                                     \
        void *room = evprof_fixture(param, sizeof(placed));                    \
        placed *made = new (room) placed();                                    \
        evprof_cleanup(                                                        \
            param, [](void *p) { static_cast<placed *>(p)->~placed(); },       \
            made);                                                             \
        prefix##_f_##word(param, &made->value);                                \
    }                                                                          \
    static void prefix##_f_##word(__attribute__((unused)) evprof_tb_t *param,  \
                                  __attribute__((unused)) fixture *f)
#define EVPROF_TEST_C(fixture, word)                                           \
    EVPROF_TESTING__CLASS(Test, fixture, word, false, t)
#define EVPROF_BENCHMARK_C(fixture, word)                                      \
    EVPROF_TESTING__CLASS(Benchmark, fixture, word, true, b)
#endif

#define EVPROF_TEST_F(fixture, word)                                           \
    EVPROF_TESTING__FIXTURE(Test, fixture, word, false, t)
#define EVPROF_BENCHMARK_F(fixture, word)                                      \
    EVPROF_TESTING__FIXTURE(Benchmark, fixture, word, true, b)

#ifndef EVPROF_NO_SHORT_NAMES
#ifndef TEST
#define TEST(word) EVPROF_TEST(word)
#endif
#ifndef BENCHMARK
#define BENCHMARK(word) EVPROF_BENCHMARK(word)
#endif
#endif

/*
 * Runs what is registered, as the flags say, and returns the exit code: 0, 1
 * for failures, 2 for wrong use, an unwritable profile, a timeout or a crash.
 * `argc` and `argv` are those of main(); `argv` is kept, and only read. Once,
 * on the main thread.
 */
EVPROF_API int evprof_testing_main(int argc, char **argv);

/*
 * The program's main(). The call that restores nothing makes the program itself
 * need libevprof: a linker that drops unused libraries would else leave it to
 * be loaded behind libc, where it cannot see threads and locks.
 */
#define EVPROF_TEST_MAIN()                                                     \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        evprof_label_restore(0);                                               \
        return evprof_testing_main(argc, argv);                                \
    }

/* ---- Both ---- */

/* The full name, "TestAdd/zero"; lives as long as the test. */
EVPROF_API const char *evprof_name(const evprof_tb_t *tb);

/*
 * Runs `fn` as a sub-test or sub-benchmark called `name`, which is copied, and
 * waits for it, or until it says that it is parallel. `arg` is handed on and
 * lives until it is over. False: it failed. Only from the thread of the test
 * itself.
 */
EVPROF_API bool evprof_run(evprof_tb_t *tb, const char *name,
                           void (*fn)(evprof_tb_t *tb, void *arg), void *arg);

/* Marks it as failed and goes on, on any thread; evprof_fail_now() also leaves
 * it, on its own thread only; evprof_failed() says whether it is marked. */
EVPROF_API void evprof_fail_test(evprof_tb_t *tb);
EVPROF_API void evprof_fail_now(evprof_tb_t *tb) __attribute__((noreturn));
EVPROF_API bool evprof_failed(const evprof_tb_t *tb);

enum evprof_tb_say {
    EVPROF_SAY_LOG,   /* only words */
    EVPROF_SAY_ERROR, /* and marks as failed */
    EVPROF_SAY_FATAL, /* and leaves; only on the test's own thread */
    EVPROF_SAY_SKIP,  /* marks as skipped and leaves; likewise */
};

/* What the macros below call: says the words in the name of a place in the
 * sources, `file`, which is only read, and `line`; `how` is of enum
 * evprof_tb_say. */
EVPROF_API void evprof_say(evprof_tb_t *tb, int how, const char *file, int line,
                           const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#define evprof_log(tb, ...)                                                    \
    evprof_say(tb, EVPROF_SAY_LOG, __FILE__, __LINE__, __VA_ARGS__)
#define evprof_error(tb, ...)                                                  \
    evprof_say(tb, EVPROF_SAY_ERROR, __FILE__, __LINE__, __VA_ARGS__)
#define evprof_fatal(tb, ...)                                                  \
    evprof_say(tb, EVPROF_SAY_FATAL, __FILE__, __LINE__, __VA_ARGS__)
#define evprof_skip(tb, ...)                                                   \
    evprof_say(tb, EVPROF_SAY_SKIP, __FILE__, __LINE__, __VA_ARGS__)

/* Calls `fn(arg)` when the test and its sub-tests are over, last added first;
 * `arg` lives until then. */
EVPROF_API void evprof_cleanup(evprof_tb_t *tb, void (*fn)(void *arg),
                               void *arg);

/* The same for an `fn` that wants the test too; used by fixtures. `arg` lives
 * until then. */
EVPROF_API void evprof_cleanup_tb(evprof_tb_t *tb,
                                  void (*fn)(void *arg, evprof_tb_t *tb),
                                  void *arg);

/* `size` bytes of zeroed memory, freed after the test's cleanups. */
EVPROF_API void *evprof_fixture(evprof_tb_t *tb, size_t size);

/* A new empty folder, removed with all in it after the cleanups. Fatal when it
 * cannot be made. Lives as long as the test. */
EVPROF_API const char *evprof_temp_dir(evprof_tb_t *tb);

/* Sets an environment variable until the test is over; both texts are copied.
 * Not with parallel. */
EVPROF_API void evprof_setenv(evprof_tb_t *tb, const char *name,
                              const char *value);

/* ---- Tests ---- */

/* Lets this test run beside others that say so, after the serial ones. */
EVPROF_API void evprof_parallel(evprof_tb_t *t);

/* True with -short. */
EVPROF_API bool evprof_short(void);

/* ---- Benchmarks ---- */

/*
 * `while (evprof_loop(b)) { ... }` runs the body as often as a measurement
 * needs, once in all; set-up before it and clean-up after it are not timed.
 */
EVPROF_API bool evprof_loop(evprof_tb_t *b);

/* Goes on timing the benchmark, and counting its allocations. */
EVPROF_API void evprof_start_timer(evprof_tb_t *b);

/* Stops timing the benchmark until evprof_start_timer(). */
EVPROF_API void evprof_stop_timer(evprof_tb_t *b);
/* Zeroes time, allocation counts and metrics; the timer runs on if it ran. */
EVPROF_API void evprof_reset_timer(evprof_tb_t *b);
/* Time measured so far, in nanoseconds. */
EVPROF_API long long evprof_elapsed_ns(const evprof_tb_t *b);

/* Bytes handled by one iteration: adds a MB/s column. */
EVPROF_API void evprof_set_bytes(evprof_tb_t *b, long long bytes);

/* Adds B/op and allocs/op for this benchmark, as -benchmem does for all. */
EVPROF_API void evprof_report_allocs(evprof_tb_t *b);

/*
 * Adds a column of `value` in `unit`, which is copied, or replaces a built-in
 * one of that name; "ns/op" with 0 hides it. Fatal when `unit` is empty or has
 * white space in it.
 */
EVPROF_API void evprof_report_metric(evprof_tb_t *b, double value,
                                     const char *unit);

/* One worker of evprof_run_parallel(); owned by it, valid while `body` runs. */
typedef struct evprof_pb evprof_pb_t;

/*
 * Shares b->n iterations among -cpu times the parallelism threads, each of
 * which runs `body`, and waits for them. `arg` is handed on to all and stays
 * the caller's. ns/op is then wall time an iteration.
 */
EVPROF_API void evprof_run_parallel(evprof_tb_t *b,
                                    void (*body)(evprof_pb_t *pb, void *arg),
                                    void *arg);

/* True while the worker has another iteration to run. On the worker's own
 * thread. */
EVPROF_API bool evprof_pb_next(evprof_pb_t *pb);

/* Has evprof_run_parallel() make `threads_per_cpu` threads a CPU; 1 by default,
 * less is ignored. On the benchmark's own thread, before it. */
EVPROF_API void evprof_set_parallelism(evprof_tb_t *b, int threads_per_cpu);

#ifdef __cplusplus
}
#endif

/* Makes the compiler believe that `value` is used, so that computing it stays.
 */
#ifdef __cplusplus
#define EVPROF_KEEP(value)                                                     \
    do {                                                                       \
        auto evprof_kept = (value);                                            \
        __asm__ volatile("" : : "r"(&evprof_kept) : "memory");                 \
    } while (0)
#else
#define EVPROF_KEEP(value)                                                     \
    do {                                                                       \
        __extension__ __auto_type evprof_kept = (value);                       \
        __asm__ volatile("" : : "r"(&evprof_kept) : "memory");                 \
    } while (0)
#endif

#endif
