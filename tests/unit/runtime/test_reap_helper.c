/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper is looked at again and again while it runs, and no longer. Worker
 * and symbolizer are the test's own, so that the test says when a task runs and
 * when the helper ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runtime/reap_helper.h"
#include "core/runtime/symbols.h"
#include "core/runtime/worker.h"

enum { NOW_NS = 7, PAUSE_NS = 100 };

static evprof_work_t *queued;
static int hurried;
static bool is_running;
static bool has_thread = true;
static int looks;

/* ---- In place of the worker and of the symbolizer ---- */

int64_t
evprof_worker_now(void)
{
    return NOW_NS;
}

int
evprof_worker_post(evprof_work_t *task, int64_t due_ns, evprof_error_t *err)
{
    (void)err;
    assert_null(queued);
    assert_int_equal(due_ns, NOW_NS + PAUSE_NS);
    queued = has_thread ? task : NULL;
    return has_thread ? EVPROF_OK : EVPROF_ENOMEM;
}

void
evprof_worker_hurry(evprof_work_t *task)
{
    assert_ptr_equal(task, queued);
    hurried++;
}

bool
evprof_symbols_reap(void)
{
    looks++;
    return is_running;
}

static void
run_queued(void)
{
    evprof_work_t *task = queued;
    assert_non_null(task);
    queued = NULL;
    task->run(task);
}

/* ---- Tests ---- */

static int
begin(void **state)
{
    (void)state;
    hurried = looks = 0;
    is_running = has_thread = true;
    queued = NULL;
    evprof_reaping_begin(PAUSE_NS);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    if (queued != NULL) {
        is_running = false;
        run_queued();
    }
    evprof_reaping_end();
    return 0;
}

static void
test_looks_until_it_has_ended(void **state)
{
    (void)state;
    evprof_reaping_ask();
    evprof_reaping_ask();
    run_queued();
    run_queued();
    assert_int_equal(looks, 2);
    is_running = false;
    run_queued();
    assert_null(queued);
    assert_int_equal(looks, 3);
    evprof_reaping_ask();
    assert_non_null(queued);
}

static void
test_end_hurries_what_waits(void **state)
{
    (void)state;
    evprof_reaping_ask();
    evprof_reaping_end();
    assert_int_equal(hurried, 1);
    run_queued();
    assert_null(queued);
    evprof_reaping_ask();
    assert_null(queued);
    evprof_reaping_end();
    assert_int_equal(hurried, 1);
}

static void
test_worker_that_cannot_be_made(void **state)
{
    (void)state;
    has_thread = false;
    evprof_reaping_ask();
    assert_null(queued);
    has_thread = true;
    evprof_reaping_ask();
    assert_non_null(queued);
}

static void
test_child_of_a_fork(void **state)
{
    (void)state;
    evprof_reaping_ask();
    queued = NULL; /* the parent's worker has it */
    evprof_reaping_fork_child();
    evprof_reaping_ask();
    assert_non_null(queued);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_looks_until_it_has_ended, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_end_hurries_what_waits, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_worker_that_cannot_be_made, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_child_of_a_fork, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
