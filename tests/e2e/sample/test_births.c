/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that come and go while they are sampled, in every way that there is
 * to come and go. Nobody is forgotten in the registry, and nobody's CPU time in
 * the totals, although most of these threads are over before a clock tick.
 */
#include <dlfcn.h>
#include <sched.h>
#include <string.h>

#include "tests/e2e/sample/scene.h"
#include "tests/unit/sample/record_of.h"

enum {
    THREADS = SCENE_IS_TSAN ? 400 : 12000,
    AT_ONCE = 8,
};

static _Atomic int ends;

static void
count_end(evprof_thread_t *thread)
{
    (void)thread;
    atomic_fetch_add(&ends, 1);
}

static evprof_thread_hook_t watch = { .leave = count_end };

static char ways[4];

static void *
end_somehow(void *arg)
{
    const size_t way = (size_t)((const char *)arg - ways);
    if (way == 0) {
        scene_burn(1000000);
    } else if (way == 1) {
        scene_burn(300000);
        pthread_exit(NULL);
    } else if (way == 2) {
        pthread_cancel(pthread_self());
        pthread_testcancel();
    }
    return NULL;
}

static void
create_some(int count)
{
    pthread_t joined[AT_ONCE];
    int joined_count = 0;
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        assert_int_equal(
            pthread_create(&thread, NULL, end_somehow, &ways[i % 4]), 0);
        if (i % 2 == 0) {
            pthread_detach(thread);
        } else {
            joined[joined_count++] = thread;
        }
        if (joined_count == AT_ONCE || i + 1 == count) {
            while (joined_count > 0) {
                pthread_join(joined[--joined_count], NULL);
            }
        }
    }
}

static void
test_thousands_of_short_threads(void **state)
{
    (void)state;
    evprof_thread_add_hook(&watch);
    scene_begin(1000, 64);
    create_some(THREADS);
    while (atomic_load(&ends) < THREADS) {
        sched_yield();
    }
    evprof_pprof_t *profile = scene_end();
    evprof_cpu_stats_t stats;
    evprof_cpu_stats(&stats);
    const double used = (double)stats.timers.cpu_ns;
    const double off = (double)scene_samples(profile) * 1e6 / used - 1;
    print_message("%d threads, %.3f s of CPU: %+.2f %%; %u records, %llu "
                  "expiries at ends, %llu of %llu threads missed\n",
                  THREADS, used / 1e9, off * 100, evprof_thread_limit(),
                  (unsigned long long)stats.timers.closed,
                  (unsigned long long)stats.timers.missed,
                  (unsigned long long)stats.timers.armed);
    assert_int_equal(stats.timers.missed, 0);
    assert_true(stats.timers.armed >= THREADS);
    /* Records are used again, whatever overlaps while ends are under way. */
    assert_true(evprof_thread_limit() < THREADS / 4);
    /* Whether a thread that is shorter than a period has an expiry is chance:
     * with this many, five in a hundred is seven times the deviation. */
    if (!SCENE_IS_TSAN) {
        assert_true(off > -0.05 && off < 0.05);
        assert_true(stats.timers.closed > 0);
    }
    evprof_pprof_free(profile);
}

/* ---- A thread that libpthread knows nothing of ---- */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
static void
test_a_raw_clone_is_found_and_forgotten(void **state)
{
    (void)state;
    SCENE_SKIP("sanitizers do not survive threads without thread-local "
               "storage of their own");
}
#else
static struct {
    _Atomic int tid; /* cleared by the kernel at the end */
    atomic_bool is_done;
    char stack[65536] __attribute__((aligned(16)));
} raw;

static int
run_raw(void *unused)
{
    (void)unused;
    while (!atomic_load(&raw.is_done)) {
        for (volatile int i = 0; i < 2000; i++) {
        }
    }
    return 0;
}

static bool
is_found(pid_t tid)
{
    const evprof_thread_t *thread = record_of(tid);
    return thread && atomic_load(&thread->state) == EVPROF_THREAD_FOUND &&
           atomic_load(&thread->cpu.timer) > 0;
}

static void
test_a_raw_clone_is_found_and_forgotten(void **state)
{
    (void)state;
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                      CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID |
                      CLONE_PARENT_SETTID;
    scene_begin(1000, 64);
    atomic_store(&raw.is_done, false);
    const int tid = clone(run_raw, raw.stack + sizeof(raw.stack), flags, NULL,
                          &raw.tid, NULL, &raw.tid);
    assert_true(tid > 0);
    while (!is_found(tid)) {
        sched_yield();
    }
    evprof_cpu_stats_t stats;
    const evprof_thread_t *thread = record_of(tid);
    while (atomic_load(&thread->cpu.fired) < 10) {
        sched_yield();
    }
    atomic_store(&raw.is_done, true);
    while (atomic_load(&raw.tid) != 0) {
        sched_yield();
    }
    while (record_of(tid)) {
        assert_int_equal(evprof_thread_scan(), EVPROF_OK);
    }
    assert_int_equal(evprof_cpu_end(scene_window, NULL, NULL), EVPROF_OK);
    evprof_cpu_stats(&stats);
    assert_true(stats.tap.records > 0);
}
#endif

/* ---- Threads of other shared objects ---- */

static void *
note_state(void *arg)
{
    const evprof_thread_t *self = evprof_thread_current;
    *(uint32_t *)arg = self ? atomic_load(&self->state) : 0;
    return NULL;
}

static void
look_at_self(void *arg)
{
    const evprof_thread_t *self = evprof_thread_current;
    (void)note_state(arg);
    if (self) {
        char here;
        assert_true(self->bounds.low < (uintptr_t)&here &&
                    (uintptr_t)&here < self->bounds.high);
        assert_true(self->creator_count > 1);
    }
}

/* libstdc++ calls pthread_create through its own table of references. */
static void
test_a_thread_of_another_object_is_registered(void **state)
{
    (void)state;
    assert_null(dlopen(DSO_DIRECTORY "/thread_dso.so", RTLD_NOW | RTLD_NOLOAD));
    void *object = dlopen(DSO_DIRECTORY "/thread_dso.so", RTLD_NOW);
    assert_non_null(object);
    void *symbol = dlsym(object, "run_in_thread");
    void (*run_in_thread)(void (*)(void *), void *);
    memcpy(&run_in_thread, &symbol, sizeof(run_in_thread));
    uint32_t seen = 0;
    run_in_thread(look_at_self, &seen);
    assert_int_equal(seen, EVPROF_THREAD_LIVE);
}

/* ---- Threads that are older than main() ---- */

static uint32_t seen_early;

/* Before the constructors of the sampler, which have no priority. */
__attribute__((constructor(101))) static void
create_early(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, note_state, &seen_early) == 0) {
        pthread_join(thread, NULL);
    }
}

static void
test_a_thread_of_a_constructor_is_registered(void **state)
{
    (void)state;
    assert_int_equal(seen_early, EVPROF_THREAD_LIVE);
}

/* ---- Order of destructors ---- */

static pthread_key_t early_key;
static uint32_t state_in_destructor;

static void
look_in_destructor(void *unused)
{
    (void)unused;
    const evprof_thread_t *self = evprof_thread_self();
    state_in_destructor = self ? atomic_load(&self->state) : 0;
}

static void *
set_key(void *unused)
{
    pthread_setspecific(early_key, &early_key);
    return unused;
}

/* A destructor that runs after ours was called once is still in a registered
 * thread, and afterwards the thread has no record. */
static void
test_destructors_run_registered(void **state)
{
    (void)state;
    pthread_t thread;
    const uint32_t before = evprof_thread_count();
    assert_int_equal(pthread_key_create(&early_key, look_in_destructor), 0);
    assert_int_equal(pthread_create(&thread, NULL, set_key, NULL), 0);
    pthread_join(thread, NULL);
    assert_int_equal(state_in_destructor, EVPROF_THREAD_LIVE);
    assert_int_equal(evprof_thread_count(), before);
    pthread_key_delete(early_key);
}

int
main(void)
{
    (void)evprof_thread_self();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousands_of_short_threads),
        cmocka_unit_test(test_a_raw_clone_is_found_and_forgotten),
        cmocka_unit_test(test_a_thread_of_another_object_is_registered),
        cmocka_unit_test(test_a_thread_of_a_constructor_is_registered),
        cmocka_unit_test(test_destructors_run_registered),
    };
    return cmocka_run_group_tests_name("births", tests, NULL, NULL);
}
