/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's stack is that of its creator, from the caller of pthread_create()
 * to the end. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/module.h>

#include "core/profile/builder.h"
#include "core/sample/threads.h"
#include "tests/unit/sample/record_of.h"

extern const evprof_module_t evprof_profile_threadcreate;

static sem_t started;
static sem_t is_over;
static _Atomic pid_t tid;

static void *
wait_for_end(void *arg)
{
    atomic_store(&tid, (pid_t)syscall(SYS_gettid));
    sem_post(&started);
    while (sem_wait(&is_over) != 0) {
    }
    return arg;
}

static evprof_pprof_t *
take(void)
{
    evprof_builder_t *builder = evprof_builder_new(0);
    const evprof_ask_t ask = { 0 };
    evprof_error_t err;
    evprof_pprof_t *p = NULL;
    assert_non_null(builder);
    assert_int_equal(
        evprof_profile_threadcreate.snapshot(NULL, &ask, builder, &err),
        EVPROF_OK);
    assert_int_equal(evprof_builder_finish(builder, &p, &err), EVPROF_OK);
    evprof_builder_free(builder);
    return p;
}

static uintptr_t
frame(const evprof_pprof_t *p, const evprof_sample_t *sample, size_t i)
{
    return (uintptr_t)p->locations[sample->locations[i]].address;
}

static void
test_stack_of_the_creator(void **state)
{
    (void)state;
    pthread_t thread;
    uintptr_t pcs[EVPROF_THREAD_CREATOR_DEPTH];
    sem_init(&started, 0, 0);
    sem_init(&is_over, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_end, NULL), 0);
    while (sem_wait(&started) != 0) {
    }
    size_t count = evprof_thread_creator(record_of(atomic_load(&tid)), pcs,
                                         EVPROF_THREAD_CREATOR_DEPTH);
    assert_true(count > 1);
    evprof_pprof_t *p = take();
    assert_int_equal(p->type_count, 1);
    assert_string_equal(p->types[0].type, "threadcreate");
    const evprof_sample_t *found = NULL;
    for (size_t i = 0; i < p->sample_count; i++) {
        found = p->samples[i].location_count > 0 ? &p->samples[i] : found;
    }
    assert_non_null(found);
    assert_int_equal(found->values[0], 1);
    /* Frames of evprof's own are left out at the leaf, and nothing else. */
    assert_true(found->location_count <= count);
    for (size_t i = 1; i <= found->location_count; i++) {
        assert_int_equal(frame(p, found, found->location_count - i),
                         pcs[count - i] - 1);
    }
    evprof_pprof_free(p);
    sem_post(&is_over);
    pthread_join(thread, NULL);
    p = take();
    for (size_t i = 0; i < p->sample_count; i++) {
        assert_int_equal(p->samples[i].location_count, 0);
    }
    evprof_pprof_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stack_of_the_creator),
    };
    return cmocka_run_group_tests_name("threadcreate", tests, NULL, NULL);
}
