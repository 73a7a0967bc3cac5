/* SPDX-License-Identifier: Apache-2.0 */
/* What the trace keeps of the CPU samples until the collector comes. */
#include "core/trace/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/sample/cpu.h"
#include "core/sample/tap.h"

/* The linker gives the library's calls of evprof_cpu_watch() to this. */
typedef void watch_fn(const evprof_record_t *record,
                      const evprof_stack_t *stack);
void __wrap_evprof_cpu_watch(watch_fn *watch);

static watch_fn *watching;

void
__wrap_evprof_cpu_watch(watch_fn *watch)
{
    watching = watch;
}

enum { DEPTH_MOST = 128, WORDS_MOST = 1 << 18 };

/* A sample of that many frames, whose addresses count up from `pc`. */
static void
sample(int64_t ns, int32_t tid, uintptr_t pc, size_t count, bool is_exact)
{
    static uintptr_t pcs[200];
    const evprof_record_t record = { .tid = tid, .at_ns = ns };
    for (size_t i = 0; i < count; i++) {
        pcs[i] = pc + i;
    }
    const evprof_stack_t stack = { .pcs = pcs,
                                   .count = count,
                                   .leaf_is_exact = is_exact };
    assert_non_null(watching);
    watching(&record, &stack);
}

typedef struct taken {
    evprof_trace_sample_t last;
    uint64_t pcs[200];
    size_t count;
} taken_t;

static void
take(void *ctx, const evprof_trace_sample_t *one)
{
    taken_t *taken = ctx;
    taken->last = *one;
    memcpy(taken->pcs, one->pcs, one->count * sizeof(*one->pcs));
    taken->count++;
}

static int
begin(void **state)
{
    (void)state;
    evprof_trace_samples_watch(true);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    evprof_trace_samples_watch(false);
    assert_null(watching);
    return 0;
}

static void
test_depths(void **state)
{
    static const size_t depths[] = { 0, 1, 2, 127, 128, 129, 200 };
    (void)state;
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        for (int is_exact = 0; is_exact < 2; is_exact++) {
            taken_t taken = { .count = 0 };
            const size_t kept = depths[i] < DEPTH_MOST ? depths[i] : DEPTH_MOST;
            sample(5, 7, 0x1000, depths[i], is_exact);
            assert_int_equal(evprof_trace_samples_fetch(take, &taken), 0);
            assert_int_equal(taken.count, 1);
            assert_int_equal(taken.last.ns, 5);
            assert_int_equal(taken.last.tid, 7);
            assert_int_equal(taken.last.count, kept);
            for (size_t k = 0; k < kept; k++) {
                /* What is outermost, or a mark, is not cut off. */
                const size_t frame = k + 1 == kept ? depths[i] - 1 : k;
                assert_int_equal(taken.pcs[k],
                                 0x1000 + frame + (k == 0 && is_exact));
            }
        }
    }
}

/* In their order, each once. */
static void
test_several(void **state)
{
    (void)state;
    taken_t taken = { .count = 0 };
    for (int32_t i = 0; i < 100; i++) {
        sample(i, 50 + i, 0x1000, 1 + (size_t)i % 5, false);
    }
    assert_int_equal(evprof_trace_samples_fetch(take, &taken), 0);
    assert_int_equal(taken.count, 100);
    assert_int_equal(taken.last.ns, 99);
    assert_int_equal(taken.last.tid, 149);
    assert_int_equal(taken.last.count, 5);
    assert_int_equal(evprof_trace_samples_fetch(take, &taken), 0);
    assert_int_equal(taken.count, 100);
}

/* As many as there is room for; the others are counted. */
static void
test_full(void **state)
{
    (void)state;
    enum { WORDS = 3 + 61, MOST = WORDS_MOST / WORDS };
    taken_t taken = { .count = 0 };
    for (int i = 0; i < MOST + 3; i++) {
        sample(i, 7, 0x1000, WORDS - 3, false);
    }
    assert_int_equal(evprof_trace_samples_fetch(take, &taken), 3);
    assert_int_equal(taken.count, MOST);
    sample(0, 7, 0x1000, 1, false);
    assert_int_equal(evprof_trace_samples_fetch(take, &taken), 0);
    assert_int_equal(taken.count, MOST + 1);
}

/* What was kept before, or by the parent of a fork, is nobody's. */
static void
test_forgotten(void **state)
{
    (void)state;
    taken_t taken = { .count = 0 };
    sample(1, 7, 0x1000, 1, false);
    evprof_trace_samples_watch(true);
    assert_int_equal(evprof_trace_samples_fetch(take, &taken), 0);
    assert_int_equal(taken.count, 0);
    sample(1, 7, 0x1000, 1, false);
    evprof_trace_samples_fork_child();
    assert_null(watching);
    assert_int_equal(evprof_trace_samples_fetch(take, &taken), 0);
    assert_int_equal(taken.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_depths),
        TEST(test_several),
        TEST(test_full),
        TEST(test_forgotten),
    };
    return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
