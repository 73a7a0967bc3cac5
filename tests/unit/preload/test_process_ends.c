/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrappers before a libc that lacks execveat(), as glibc did before 2.34.
 * What they call of the room is taken by this file.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/preload/files.h"
#include "adapters/preload/next_image.h"
#include "adapters/preload/own_image.h"
#include "adapters/preload/process_ends.h"
#include "core/interpose/real.h"
#include "core/runtime/service.h"
#include "tests/unit/emulated.h"

/* ---- The older libc ---- */

static evprof_real_fn
find(evprof_real_t *real)
{
    void *found = strcmp(real->name, "execveat") == 0
                      ? NULL
                      : dlsym(RTLD_NEXT, real->name);
    evprof_real_fn function;
    memcpy(&function, &found, sizeof(function));
    atomic_store(&real->address, function);
    return function;
}

/* As the real one, which ends the process. */
evprof_real_fn
evprof_real_find(evprof_real_t *real)
{
    evprof_real_fn function = find(real);
    if (function == NULL) {
        fail_msg("libc lacks %s", real->name);
    }
    return function;
}

void
evprof_real_find_all(evprof_real_t *const *reals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)find(reals[i]);
    }
}

/* ---- The room ---- */

static int ends;
static int resumes;

bool
evprof_preload_files_end(int64_t limit_ns)
{
    ends += limit_ns > 0;
    return true;
}

void
evprof_preload_files_resume(void)
{
    resumes++;
}

void
evprof_service_quick_end(void)
{
}

void
evprof_preload_image_begin(void)
{
}

void
evprof_preload_next_begin(void)
{
}

bool
evprof_preload_may_follow(int folder, const char *file, int flags, bool by_path)
{
    (void)folder;
    (void)flags;
    (void)by_path;
    (void)file;
    return false;
}

bool
evprof_preload_is_own_image(int folder, const char *file, int flags)
{
    (void)folder;
    (void)flags;
    return file == NULL;
}

int
evprof_preload_run_restored(evprof_image_run_fn *run, const void *image,
                            char *const environment[], bool is_own)
{
    (void)is_own;
    return run(image, environment);
}

/* ---- The tests ---- */

static int
begin(void **state)
{
    (void)state;
    evprof_preload_ends_begin();
    return 0;
}

static void
test_a_failure_is_the_kernel_s(void **state)
{
    (void)state;
    SKIP_EMULATED("execveat()");
    char none[] = "./none";
    char *const argv[] = { none, NULL };
    ends = resumes = 0;
    errno = 0;
    assert_int_equal(execveat(AT_FDCWD, none, argv, environ, 0), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(ends, 1);
    assert_int_equal(resumes, 1);
    assert_int_equal(execve(none, argv, environ), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(resumes, 2);
}

static void
test_an_image_is_run(void **state)
{
    (void)state;
    SKIP_EMULATED("execveat()");
    char path[] = "/bin/sh";
    char option[] = "-c";
    char command[] = "exit 7";
    char *const argv[] = { path, option, command, NULL };
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)execveat(AT_FDCWD, path, argv, environ, 0);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_failure_is_the_kernel_s),
        cmocka_unit_test(test_an_image_is_run),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
