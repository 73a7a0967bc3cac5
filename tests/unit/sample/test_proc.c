/* SPDX-License-Identifier: Apache-2.0 */
/* Threads by their kernel ids, in a /proc of this pid namespace and in that of
 * another one. */
#include "core/sample/proc.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/status.h>

#include "tests/unit/emulated.h"

static pid_t
own_tid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* The lowest descriptor that is free. */
static int
free_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    assert_true(fd >= 0);
    close(fd);
    return fd;
}

static bool
can_be_read(void)
{
    char text[1024];
    ssize_t len = evprof_proc_read(own_tid(), "stat", text, sizeof(text));
    return len > 0 && (size_t)len == strlen(text);
}

static void
test_this_thread_is_listed(void **state)
{
    (void)state;
    evprof_tids_t tids = { 0 };
    assert_int_equal(evprof_proc_list(&tids), EVPROF_OK);
    assert_true(evprof_tids_has(&tids, own_tid()));
    assert_false(evprof_tids_has(&tids, 0));
    evprof_tids_free(&tids);
    assert_int_equal(tids.count, 0);
    assert_true(can_be_read());
}

static void
test_a_thread_that_is_not_there(void **state)
{
    (void)state;
    char text[64] = "before";
    errno = EDOM;
    assert_int_equal(evprof_proc_read(INT32_MAX, "stat", text, sizeof(text)),
                     -ENOENT);
    assert_string_equal(text, "");
    assert_int_equal(errno, EDOM);
}

/* The directory stays open until the last one lets go of it. */
static void
test_holds_are_nested(void **state)
{
    (void)state;
    const int before = free_descriptor();
    evprof_proc_hold();
    const int held = free_descriptor();
    assert_true(held > before);
    evprof_proc_hold();
    assert_int_equal(free_descriptor(), held);
    evprof_proc_let_go();
    assert_int_equal(free_descriptor(), held);
    assert_true(can_be_read());
    evprof_proc_let_go();
    assert_int_equal(free_descriptor(), before);
    assert_true(can_be_read());
}

/* ---- Another namespace ---- */

enum { AS_IT_SHOULD, NOT_LISTED, NOT_READ, TOO_MANY, NO_NAMESPACE };

/* The process has one thread, or that of ThreadSanitizer beside it. */
#if defined(__SANITIZE_THREAD__)
enum { MOST_THREADS = 2 };
#else
enum { MOST_THREADS = 1 };
#endif

/* The first process of a namespace of its own, which /proc is not of. */
static int
look_from_inside(void)
{
    evprof_tids_t tids = { 0 };
    int out = AS_IT_SHOULD;
    if (evprof_proc_list(&tids) != EVPROF_OK ||
        !evprof_tids_has(&tids, own_tid())) {
        out = NOT_LISTED;
    } else if (tids.count > MOST_THREADS) {
        out = TOO_MANY;
    } else if (!can_be_read()) {
        out = NOT_READ;
    }
    evprof_tids_free(&tids);
    return out;
}

static int
exit_code_of(pid_t child)
{
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child ||
        !WIFEXITED(status)) {
        return NO_NAMESPACE;
    }
    return WEXITSTATUS(status);
}

static void
test_a_foreign_proc_is_translated(void **state)
{
    (void)state;
    SKIP_EMULATED("namespaces");
    const pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWPID) != 0 &&
            unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
            _exit(NO_NAMESPACE);
        }
        const pid_t first = fork();
        _exit(first == 0 ? look_from_inside() : exit_code_of(first));
    }
    const int code = exit_code_of(child);
    if (code == NO_NAMESPACE) {
        skip();
    }
    assert_int_equal(code, AS_IT_SHOULD);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_this_thread_is_listed),
        cmocka_unit_test(test_a_thread_that_is_not_there),
        cmocka_unit_test(test_holds_are_nested),
        cmocka_unit_test(test_a_foreign_proc_is_translated),
    };
    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
