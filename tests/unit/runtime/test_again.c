/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a module does all the time begins again in the child of a fork, once:
 * not when a reload there has begun it already. The worker is the test's own,
 * so that the test says when a task runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runtime/again.h"
#include "core/runtime/service.h"
#include "core/runtime/worker.h"

static void (*in_child)(void);
static evprof_work_t *queued;
static int hurried;

/* ---- In place of the worker ---- */

int
evprof_service_in_child(void (*fn)(void), evprof_error_t *err)
{
    (void)err;
    in_child = fn;
    return EVPROF_OK;
}

int64_t
evprof_worker_now(void)
{
    return 1;
}

int
evprof_worker_post(evprof_work_t *task, int64_t due_ns, evprof_error_t *err)
{
    (void)due_ns;
    (void)err;
    queued = task;
    return EVPROF_OK;
}

void
evprof_worker_hurry(evprof_work_t *task)
{
    assert_ptr_equal(task, queued);
    hurried++;
}

static void
run_queued(void)
{
    evprof_work_t *task = queued;
    assert_non_null(task);
    queued = NULL;
    task->run(task);
}

/* ---- The module ---- */

static int old_begun;
static int new_begun;

static void
count_up(void *count)
{
    ++*(int *)count;
}

static int
reset(void **state)
{
    (void)state;
    old_begun = 0;
    new_begun = 0;
    hurried = 0;
    return evprof_again_in_child(count_up, &old_begun, NULL);
}

static void
test_child(void **state)
{
    (void)state;
    in_child();
    assert_int_equal(old_begun, 0);
    run_queued();
    assert_int_equal(old_begun, 1);
    evprof_again_end();
    assert_int_equal(hurried, 0);
}

/* The new module has begun by itself; and so it does in the next child. */
static void
test_reload_before(void **state)
{
    (void)state;
    in_child();
    (void)evprof_again_in_child(NULL, NULL, NULL);
    (void)evprof_again_in_child(count_up, &new_begun, NULL);
    run_queued();
    assert_int_equal(old_begun, 0);
    assert_int_equal(new_begun, 0);
    in_child();
    run_queued();
    assert_int_equal(new_begun, 1);
}

/* The module is set anew without having been switched off. */
static void
test_set_before(void **state)
{
    (void)state;
    in_child();
    (void)evprof_again_in_child(count_up, &new_begun, NULL);
    run_queued();
    assert_int_equal(old_begun, 0);
    assert_int_equal(new_begun, 0);
}

static void
test_switched_off_before(void **state)
{
    (void)state;
    in_child();
    (void)evprof_again_in_child(NULL, NULL, NULL);
    run_queued();
    assert_int_equal(old_begun, 0);
}

/* The task is not waited for, also when it has nothing to do any more. */
static void
test_end_before(void **state)
{
    (void)state;
    in_child();
    (void)evprof_again_in_child(count_up, &new_begun, NULL);
    evprof_again_end();
    assert_int_equal(hurried, 1);
    run_queued();
    assert_int_equal(old_begun + new_begun, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_child, reset),
        cmocka_unit_test_setup(test_reload_before, reset),
        cmocka_unit_test_setup(test_set_before, reset),
        cmocka_unit_test_setup(test_switched_off_before, reset),
        cmocka_unit_test_setup(test_end_before, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
