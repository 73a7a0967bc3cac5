/* SPDX-License-Identifier: Apache-2.0 */
/* What the process asks the kernel about itself. */
#include "core/base/self.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/base/tests.h"
#include "tests/unit/emulated.h"

static void
test_path(void **state)
{
    (void)state;
    char path[EVPROF_SELF_SIZE];
    char program[4096];
    errno = EXDEV;
    assert_string_equal(evprof_self_path(path, "exe"), "/proc/self/exe");
    assert_string_equal(EVPROF_SELF("maps"), "/proc/self/maps");
    assert_int_equal(errno, EXDEV);
    assert_true(readlink(EVPROF_SELF("exe"), program, sizeof(program)) > 0);
}

/* A thread with a table of descriptors of its own. */
static void *
find_descriptor(void *arg)
{
    bool *is_found = arg;
    char path[EVPROF_SELF_SIZE];
    char name[64] = "";
    if (unshare(CLONE_FILES) != 0) {
        return arg;
    }
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const char *written = evprof_self_descriptor(path, fd);
    *is_found = written == path && readlink(path, name, sizeof(name) - 1) > 0 &&
                strcmp(name, "/dev/null") == 0;
    close(fd);
    return NULL;
}

static void
test_descriptor(void **state)
{
    (void)state;
    SKIP_EMULATED("folders of threads");
    pthread_t thread;
    void *refused = NULL;
    bool is_found = false;
    assert_int_equal(pthread_create(&thread, NULL, find_descriptor, &is_found),
                     0);
    assert_int_equal(pthread_join(thread, &refused), 0);
    if (refused != NULL) {
        print_message("skipped: threads share their descriptors here\n");
        skip();
    }
    assert_true(is_found);
}

static void *
tell_id(void *arg)
{
    *(pid_t *)arg = (pid_t)syscall(SYS_gettid);
    return NULL;
}

static void
test_threads(void **state)
{
    (void)state;
    pid_t ended = 0;
    pthread_t thread;
    errno = EXDEV;
    assert_true(evprof_self_has_thread(getpid()));
    assert_true(evprof_self_has_thread(evprof_self_pid()));
    assert_false(evprof_self_has_thread(getppid()));
    assert_int_equal(pthread_create(&thread, NULL, tell_id, &ended), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* The kernel may still be at its end. */
    while (evprof_self_has_thread(ended)) {
        sched_yield();
    }
    assert_int_equal(errno, EXDEV);
}

/* In a child, which a filter that lets all calls pass is put on. */
static void
test_seccomp(void **state)
{
    (void)state;
    SKIP_EMULATED("seccomp");
    int status = 0;
    assert_int_equal(evprof_self_has_seccomp(),
                     prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sock_filter pass[] = { BPF_STMT(BPF_RET | BPF_K,
                                               SECCOMP_RET_ALLOW) };
        const struct sock_fprog filter = { .len = 1, .filter = pass };
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
            _exit(2);
        }
        _exit(evprof_self_has_seccomp() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) {
        print_message("skipped: this kernel has no filters\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
run_self_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_seccomp),
    };
    return cmocka_run_group_tests_name("self", tests, NULL, NULL);
}
