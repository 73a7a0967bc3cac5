/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that sleep are looked at together. */
#include "core/sample/sleeper.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/export.h>
#include <evprof/status.h>

#include "core/sample/dump.h"
#include "tests/thread_state.h"
#include "tests/unit/emulated.h"

enum { SLEEPERS = 5 };

static _Atomic unsigned long most_pieces;

/* In front of libc's: how many pieces one call copies to. */
EVPROF_API ssize_t
process_vm_readv(pid_t pid, const struct iovec *local, unsigned long locals,
                 const struct iovec *remote, unsigned long remotes,
                 unsigned long flags)
{
    if (locals > atomic_load(&most_pieces)) {
        atomic_store(&most_pieces, locals);
    }
    return syscall(SYS_process_vm_readv, pid, local, locals, remote, remotes,
                   flags);
}

static sem_t never;
static _Atomic pid_t tids[SLEEPERS];
static _Atomic int started;

static void *
sleep_until_told(void *arg)
{
    atomic_store(&tids[atomic_fetch_add(&started, 1)],
                 (pid_t)syscall(SYS_gettid));
    while (sem_wait(&never) != 0) {
    }
    return arg;
}

static size_t
walked_of(const evprof_dump_t *dump, pid_t tid)
{
    for (size_t i = 0; i < dump->count; i++) {
        const evprof_dump_thread_t *thread = &dump->threads[i];
        if (thread->tid == tid && thread->answer == EVPROF_DUMP_FRESH) {
            return thread->stack.count;
        }
    }
    return 0;
}

static void
test_all_stacks_come_with_one_call(void **state)
{
    (void)state;
    SKIP_EMULATED("process_vm_readv");
    pthread_t threads[SLEEPERS];
    evprof_dump_t dump;
    sem_init(&never, 0, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, sleep_until_told, NULL), 0);
    }
    for (int i = 0; i < SLEEPERS; i++) {
        while (atomic_load(&tids[i]) == 0 || thread_state(tids[i]) != 'S') {
            sched_yield();
        }
    }
    assert_int_equal(evprof_dump_take(&dump, false, NULL), EVPROF_OK);
    for (int i = 0; i < SLEEPERS; i++) {
        assert_true(walked_of(&dump, tids[i]) > 1);
        sem_post(&never);
    }
    evprof_dump_free(&dump);
    assert_true(atomic_load(&most_pieces) >= SLEEPERS);
    for (int i = 0; i < SLEEPERS; i++) {
        pthread_join(threads[i], NULL);
    }
    sem_destroy(&never);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_stacks_come_with_one_call),
    };
    return cmocka_run_group_tests_name("sleeper", tests, NULL, NULL);
}
