/* SPDX-License-Identifier: Apache-2.0 */
/* Who watches gets the samples, with their stacks, from then on and until it
 * ends. */
#include "core/sample/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sample/threads.h"
#include "tests/unit/emulated.h"

static _Atomic pid_t main_tid;
static _Atomic unsigned samples; /* of the main thread, with a stack */

static void
watch(const evprof_record_t *record, const evprof_stack_t *stack)
{
    const evprof_thread_t *thread = evprof_thread_at(record->thread);
    const bool is_main = atomic_load(&thread->tid) == atomic_load(&main_tid);
    atomic_fetch_add(&samples, is_main && stack->count > 1);
}

static evprof_sample_window_t *
open_window(void)
{
    const evprof_sampling_options_t options = {
        .rate_hz = 1000, .unwinder = evprof_unwinder_find("tables"), .depth = 64
    };
    evprof_sample_window_t *window = NULL;
    evprof_error_t err = { .message = "" };
    if (evprof_cpu_begin(&options, &window, &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    return window;
}

/* Runs until that many samples were taken since sampling began. */
static void
run_until(uint64_t count)
{
    evprof_cpu_stats_t stats = { .threads = 0 };
    while (stats.tap.records < count) {
        evprof_cpu_stats(&stats);
    }
}

static void
test_samples_are_watched(void **state)
{
    (void)state;
    SKIP_EMULATED("CPU timers of single threads");
    atomic_store(&main_tid, (pid_t)syscall(SYS_gettid));
    evprof_cpu_watch(watch);
    evprof_sample_window_t *window = open_window();
    while (atomic_load(&samples) < 3) {
        run_until(1);
    }
    assert_int_equal(evprof_cpu_end(window, NULL, NULL), EVPROF_OK);
    evprof_cpu_watch(NULL);
    const unsigned before = atomic_load(&samples);
    window = open_window();
    run_until(3);
    assert_int_equal(evprof_cpu_end(window, NULL, NULL), EVPROF_OK);
    assert_int_equal(atomic_load(&samples), before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_are_watched),
    };
    alarm(60); /* ends a process in which nobody is told */
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
