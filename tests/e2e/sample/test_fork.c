/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes made while the parent is sampled: by fork, vfork, exec and
 * posix_spawn. Each child lives on unharmed; a forked one can allocate, make
 * threads, fork again and take a profile of its own.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/sample/scene.h"

extern char **environ;

enum { ROUNDS = 16 };

static atomic_bool is_done;

static void *
allocate(void *unused)
{
    while (!atomic_load(&is_done)) {
#if defined(__SANITIZE_ADDRESS__)
        /* A child would inherit the quarantine's lock, held (gcc 12). */
        scene_burn(1000000);
#else
        char *volatile block = malloc(1000);
        block[0] = 1;
        free(block);
#endif
    }
    return unused;
}

static void
assert_exit(pid_t child, int code)
{
    int status = 0;
    pid_t done;
    do {
        done = waitpid(child, &status, 0);
    } while (done < 0 && errno == EINTR);
    assert_int_equal(done, child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
        fail_msg("child ended with status 0x%x", (unsigned)status);
    }
}

static void *
burn(void *unused)
{
    scene_burn(30000000);
    return unused;
}

/* In a child: 0 when it can do all that its parent can. */
static int
live(int generations)
{
    const evprof_sampling_options_t options = {
        .rate_hz = 1000, .unwinder = evprof_unwinder_find("fp"), .depth = 64
    };
    pthread_t thread;
    evprof_sample_window_t *window = NULL;
    if (evprof_cpu_end(scene_window, NULL, NULL) != EVPROF_ESTATE ||
        evprof_thread_count() != 1 ||
        evprof_cpu_begin(&options, &window, NULL) != EVPROF_OK ||
        pthread_create(&thread, NULL, burn, NULL) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    if (generations > 0) {
        int status = 0;
        const pid_t child = fork();
        if (child == 0) {
            _exit(live(generations - 1));
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (status != 0) {
            return 2;
        }
    }
    evprof_cpu_stats_t stats;
    do {
        scene_burn(5000000);
        evprof_tap_flush();
        evprof_cpu_stats(&stats);
    } while (stats.tap.weight < 30);
    if (evprof_cpu_end(window, NULL, NULL) != EVPROF_OK) {
        return 3;
    }
    /* This thread, the one created here, the drainer. */
    return stats.timers.armed >= 3 && stats.timers.missed == 0 ? 0 : 4;
}

static void
start(pthread_t *thread)
{
    atomic_store(&is_done, false);
    scene_begin(1000, 64);
    scene_storm_begin();
    assert_int_equal(pthread_create(thread, NULL, allocate, NULL), 0);
    while (scene_storm_count() < 100) {
        scene_burn(1000000);
    }
}

static void
end_child(pthread_t thread)
{
    atomic_store(&is_done, true);
    pthread_join(thread, NULL);
    assert_true(scene_storm_end() > 100);
    evprof_pprof_t *profile = scene_end();
    assert_true(scene_samples(profile) > 0);
    evprof_pprof_free(profile);
}

static void
test_forked_children_profile_themselves(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer allows no threads in a forked child");
    }
    pthread_t thread;
    start(&thread);
    for (int i = 0; i < ROUNDS; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            _exit(live(i % 4 == 0 ? 1 : 0));
        }
        assert_exit(child, 0);
    }
    end_child(thread);
}

/* At the exit of a child whose last thread ends: sanitizers would look for what
 * other threads of the parent had allocated. */
static void
exit_now(void)
{
    _exit(0);
}

/* A thread that forks is the main thread of the child; its end there must leave
 * the registry whole. */
static void *
fork_from_here(void *result)
{
    const pid_t child = fork();
    if (child == 0) {
        const int failed = live(0);
        if (failed) {
            _exit(failed);
        }
        (void)atexit(exit_now);
        pthread_exit(NULL);
    }
    *(pid_t *)result = child;
    return NULL;
}

static void
test_a_thread_forks_and_ends(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer allows no threads in a forked child");
    }
    pthread_t busy;
    start(&busy);
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        pid_t child = -1;
        assert_int_equal(pthread_create(&thread, NULL, fork_from_here, &child),
                         0);
        pthread_join(thread, NULL);
        assert_true(child > 0);
        assert_exit(child, 0);
    }
    end_child(busy);
}

static void
test_vfork_exec_and_spawn(void **state)
{
    (void)state;
    pthread_t thread;
    char name[] = "true";
    char *const argv[] = { name, NULL };
    start(&thread);
    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = vfork(); // NOLINT: what is tested
        if (child == 0) {
            execve("/bin/true", argv, environ);
            _exit(127); // NOLINT: nothing else may be called
        }
        assert_true(child > 0);
        assert_exit(child, 0);
        assert_int_equal(
            posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ), 0);
        assert_exit(child, 0);
    }
    end_child(thread);
}

/* A profiled process that becomes another program: its timers die with it, and
 * an expiry that was pending must not kill the new one, which has no handler.
 */
static void
test_exec_of_a_profiled_process(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer allows no threads in a forked child");
    }
    char name[] = "sh";
    char option[] = "-c";
    /* Runs for a while on the CPU clock that the timer was on. */
    char script[] = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 7";
    char *const argv[] = { name, option, script, NULL };
    for (int i = 0; i < ROUNDS / 4; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            sigset_t sigprof;
            scene_begin(1000, 64);
            sigemptyset(&sigprof);
            sigaddset(&sigprof, SIGPROF);
            pthread_sigmask(SIG_BLOCK, &sigprof, NULL);
            scene_burn(20000000); /* some expiry is pending now */
            pthread_sigmask(SIG_UNBLOCK, i % 2 ? &sigprof : &(sigset_t){ 0 },
                            NULL);
            execve("/bin/sh", argv, environ);
            _exit(127);
        }
        assert_exit(child, 7);
    }
}

int
main(void)
{
    (void)evprof_thread_self();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forked_children_profile_themselves),
        cmocka_unit_test(test_a_thread_forks_and_ends),
        cmocka_unit_test(test_vfork_exec_and_spawn),
        cmocka_unit_test(test_exec_of_a_profiled_process),
    };
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
