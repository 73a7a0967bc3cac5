/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that is forked while a thread begins to be followed inherits no
 * descriptor, which would keep the event alive. The kernel is one of the test's
 * own, so that the fork can be asked for in the very moment.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/trace/switches.h"
#include "tests/thread_state.h"

static struct perf_event_mmap_page page;
static pthread_t forker;
static _Atomic pid_t forker_tid;
static _Atomic int descriptor;
static _Atomic bool has_forked;
static bool is_inherited;

static void *
fork_now(void *unused)
{
    int status;
    atomic_store(&forker_tid, gettid());
    pid_t child = fork();
    if (child == 0) {
        _exit(fcntl(atomic_load(&descriptor), F_GETFD) >= 0);
    }
    atomic_store(&has_forked, true);
    is_inherited = waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
                   WEXITSTATUS(status) != 0;
    return unused;
}

/* ---- In place of the kernel; the linker binds calls to these ---- */

int __wrap_evprof_perf_open(const struct perf_event_attr *attr, pid_t tid,
                            int cpu);
bool __wrap_evprof_perf_ring_map(evprof_perf_ring_t *ring, int fd, size_t pages,
                                 size_t least);
void __wrap_evprof_perf_ring_unmap(evprof_perf_ring_t *ring);

int
__wrap_evprof_perf_open(const struct perf_event_attr *attr, pid_t tid, int cpu)
{
    (void)attr;
    (void)tid;
    (void)cpu;
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Another thread forks, if it can. */
bool
__wrap_evprof_perf_ring_map(evprof_perf_ring_t *ring, int fd, size_t pages,
                            size_t least)
{
    (void)pages;
    (void)least;
    atomic_store(&descriptor, fd);
    assert_int_equal(pthread_create(&forker, NULL, fork_now, NULL), 0);
    while (!atomic_load(&has_forked) &&
           (atomic_load(&forker_tid) == 0 ||
            thread_state(atomic_load(&forker_tid)) != 'S')) {
        sched_yield();
    }
    *ring = (evprof_perf_ring_t){ .page = &page };
    return true;
}

void
__wrap_evprof_perf_ring_unmap(evprof_perf_ring_t *ring)
{
    ring->page = NULL;
}

/* ---- The test ---- */

static void
test_a_fork_in_between(void **state)
{
    (void)state;
    evprof_t *prof = evprof_new(NULL, NULL);
    evprof_trace_switches_t switches = { .is_tried = false };
    assert_non_null(prof);
    assert_int_equal(evprof_trace_switches_open(&switches, gettid()), 0);
    assert_int_equal(pthread_join(forker, NULL), 0);
    assert_true(atomic_load(&has_forked));
    assert_false(is_inherited);
    evprof_trace_switches_close(&switches);
    evprof_free(prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fork_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
