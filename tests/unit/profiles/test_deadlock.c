/* SPDX-License-Identifier: Apache-2.0 */
/* A wait that is none of those that are told of by themselves. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "tests/thread_state.h"
#include "tests/unit/emulated.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic pid_t tid;

static void *
lock_once(void *arg)
{
    atomic_store(&tid, (pid_t)syscall(SYS_gettid));
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void
take(evprof_t *prof, int debug, evprof_buf_t *out)
{
    evprof_error_t err = { .message = "" };
    const evprof_writer_t writer = evprof_writer_buf(out);
    evprof_buf_clear(out);
    if (evprof_profile_write(evprof_lookup(prof, "deadlock"), &writer, debug,
                             &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
}

static void
test_a_short_wait(void **state)
{
    (void)state;
    SKIP_EMULATED("/proc/self/task/*/syscall");
    evprof_error_t err;
    pthread_t thread;
    evprof_buf_t out = { 0 };
    char waits[64];
    evprof_t *prof = evprof_new(NULL, &err);
    assert_non_null(prof);
    pthread_mutex_lock(&mutex);
    assert_int_equal(pthread_create(&thread, NULL, lock_once, NULL), 0);
    while (atomic_load(&tid) == 0 || thread_state(atomic_load(&tid)) != 'S') {
        sched_yield();
    }
    (void)snprintf(waits, sizeof(waits), "thread %d ", (int)atomic_load(&tid));
    take(prof, 1, &out);
    assert_non_null(strstr(out.data, "cycles: 0\n"));
    assert_null(strstr(out.data, waits));
    take(prof, 2, &out);
    assert_non_null(strstr(out.data, "these wait:"));
    assert_non_null(strstr(out.data, waits));
    take(prof, 0, &out);
    assert_memory_equal(out.data, "\x1f\x8b", 2);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    take(prof, 2, &out);
    assert_null(strstr(out.data, waits));
    evprof_buf_free(&out);
    evprof_free(prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_short_wait),
    };
    return cmocka_run_group_tests_name("deadlock", tests, NULL, NULL);
}
