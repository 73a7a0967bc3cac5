/* SPDX-License-Identifier: Apache-2.0 */
/* When code is learnt, and that whoever finds new code need not wait for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/sample/contention.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/unwind.h"

static bool
is_learnt_soon(void)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    for (int i = 0; i < 20000 && evprof_unwind_is_stale(); i++) {
        nanosleep(&moment, NULL);
    }
    return !evprof_unwind_is_stale();
}

static void
test_worker_learns(void **state)
{
    (void)state;
    evprof_t *prof = evprof_new(NULL, NULL);
    assert_non_null(prof);
    atomic_store(&evprof_map_is_stale, true);
    evprof_unwind_learn();
    evprof_unwind_learn();
    assert_true(is_learnt_soon());
    evprof_free(prof);
}

/* The second request waits for its time, which the end does not wait for. */
static void
test_end_does_not_wait(void **state)
{
    (void)state;
    evprof_t *prof = evprof_new(NULL, NULL);
    assert_non_null(prof);
    atomic_store(&evprof_map_is_stale, true);
    evprof_unwind_learn();
    assert_true(is_learnt_soon());
    atomic_store(&evprof_map_is_stale, true);
    evprof_unwind_learn();
    evprof_free(prof);
    assert_false(evprof_unwind_is_stale());
}

/* A program does not wait for call-frame tables that no profile needs yet. The
 * first of these tests. */
static void
test_nothing_is_learnt_before_its_time(void **state)
{
    (void)state;
    evprof_t *prof = evprof_new(NULL, NULL);
    assert_non_null(prof);
    assert_null(atomic_load(&evprof_map_current));
    evprof_contention_set_block_rate(1);
    assert_non_null(atomic_load(&evprof_map_current));
    evprof_contention_set_block_rate(0);
    evprof_free(prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_learnt_before_its_time),
        cmocka_unit_test(test_worker_learns),
        cmocka_unit_test(test_end_does_not_wait),
    };
    return cmocka_run_group_tests_name("learning", tests, NULL, NULL);
}
