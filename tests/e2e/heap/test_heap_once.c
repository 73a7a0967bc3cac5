/* SPDX-License-Identifier: Apache-2.0 */
/* One dump serves all requests that were there before it began. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/heap/jemalloc.h"
#include "core/runtime/job.h"
#include "core/runtime/worker.h"

#define JOBS 8

typedef struct gate {
    evprof_work_t task; /* first: the worker hands it back */
    sem_t open;
} gate_t;

static sem_t finished;

static void
wait_at_gate(evprof_work_t *task)
{
    sem_wait(&((gate_t *)task)->open);
}

static void
count_done(void *ctx, evprof_job_t *job)
{
    (void)ctx;
    (void)job;
    sem_post(&finished);
}

/* Starts jobs while the worker is held up, so that all of them wait together.
 */
static void
run_jobs(evprof_t *prof, evprof_job_t *jobs[JOBS])
{
    gate_t gate = { .task.run = wait_at_gate };
    evprof_error_t err = { .message = "" };
    evprof_ask_t ask = { 0 };
    assert_int_equal(sem_init(&gate.open, 0, 0), 0);
    assert_int_equal(evprof_worker_post(&gate.task, 0, &err), 0);
    for (int i = 0; i < JOBS; i++) {
        const char *name = i % 2 == 0 ? "heap" : "allocs";
        if (evprof_job_start(prof, name, &ask, count_done, NULL, NULL, &jobs[i],
                             &err) != 0) {
            fail_msg("%s", err.message);
        }
    }
    sem_post(&gate.open);
    for (int i = 0; i < JOBS; i++) {
        sem_wait(&finished);
    }
    sem_destroy(&gate.open);
}

static void
test_one_dump_for_all(void **state)
{
    (void)state;
    evprof_error_t err = { .message = "" };
    evprof_job_t *jobs[JOBS];
    evprof_t *prof = evprof_new(NULL, &err);
    assert_non_null(prof);
    assert_int_equal(sem_init(&finished, 0, 0), 0);
    for (uint64_t round = 1; round <= 3; round++) {
        run_jobs(prof, jobs);
        for (int i = 0; i < JOBS; i++) {
            assert_int_equal(evprof_job_result(jobs[i])->status, 0);
            assert_true(evprof_job_result(jobs[i])->body.len > 0);
            evprof_job_free(jobs[i]);
        }
        assert_int_equal(evprof_jemalloc_dump_count(), round);
    }
    evprof_free(prof);
    assert_false(evprof_jemalloc_has_dump());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_dump_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
