/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demangler is borrowed from the program, which may get it late; and nobody
 * who wants a name waits for a thread that is stuck in dlopen(). A look that
 * came to no end is no reason never to look again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evprof/export.h>

#include "core/symbol/demangle.h"
#include "tests/unit/emulated.h"

static const char mangled[] = "_ZN4shop6basket3addEi";
static int calls;

/* Called by the plugin. */
EVPROF_API void *while_it_loads(void *arg);

EVPROF_API void *
while_it_loads(void *arg)
{
    for (int i = 0; i < 100; i++) {
        free(evprof_demangle(mangled));
        calls++;
    }
    return arg;
}

static void
test_while_another_thread_loads(void **state)
{
    (void)state;
    char *name = evprof_demangle(mangled);
    if (name != NULL) {
        print_message("skipped: a sanitizer has brought the C++ runtime\n");
        free(name);
        skip();
    }
    alarm(60); /* ends a process that hangs */
    assert_non_null(dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL));
    assert_int_equal(calls, 100);
    alarm(0);
}

/* ---- Threads that are refused, or get stuck ---- */

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                      void *);

static enum { RUN, REFUSE, STOP } threads;

static void *
stop(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

static create_fn *create;

/* Early: a lookup waits for who loads the plugin. */
__attribute__((constructor)) static void
find_create(void)
{
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&create, &found, sizeof(create));
}

/* Stands in front of libc's. */
EVPROF_API int
pthread_create(pthread_t *out, const pthread_attr_t *attributes,
               void *(*run)(void *), void *arg)
{
    return threads == REFUSE
               ? EAGAIN
               : create(out, attributes, threads == STOP ? stop : run, arg);
}

enum { SKIPPED = 77 };

/* Ends the process, with 0 once there is a name. */
static void
await_name(void)
{
    char *name = NULL;
    threads = RUN;
    alarm(60);
    while ((name = evprof_demangle(mangled)) == NULL) {
        sched_yield();
    }
    _exit(strcmp(name, "shop::basket::add") != 0);
}

static int
status_of(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status)
               ? WEXITSTATUS(status)
               : 1;
}

/* In a process of its own, where a runtime has come and a first look has led
 * to nothing. */
static pid_t
begin_with(int kind)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        char *early = evprof_demangle(mangled); /* a sanitizer has brought it */
        if (early != NULL ||
            dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL) == NULL) {
            free(early);
            _exit(SKIPPED);
        }
        threads = kind;
        if (evprof_demangle(mangled) != NULL) {
            _exit(1);
        }
    }
    return child;
}

static void
expect_name(int status)
{
    if (status == SKIPPED) {
        skip();
    }
    if (status != 0) {
        SKIP_EMULATED("dependable fork beside threads");
    }
    assert_int_equal(status, 0);
}

static void
test_a_thread_that_cannot_be_made(void **state)
{
    (void)state;
    pid_t child = begin_with(REFUSE);
    if (child == 0) {
        await_name();
    }
    expect_name(status_of(child));
}

/* The thread that looks is not in the child. */
static void
test_a_fork_while_a_thread_looks(void **state)
{
    (void)state;
    pid_t child = begin_with(STOP);
    if (child == 0) {
        pid_t own = fork();
        if (own == 0) {
            await_name();
        }
        _exit(status_of(own));
    }
    expect_name(status_of(child));
}

static void
test_a_runtime_that_comes_late(void **state)
{
    (void)state;
    char *name = NULL;
    if (dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL) == NULL) {
        skip();
    }
    alarm(60);
    while ((name = evprof_demangle(mangled)) == NULL) {
        sched_yield();
    }
    alarm(0);
    assert_string_equal(name, "shop::basket::add");
    free(name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        /* These fork and come first: a sanitizer's own locks, which a thread of
         * the parent may hold, are not made new in the child. */
        cmocka_unit_test(test_a_thread_that_cannot_be_made),
        cmocka_unit_test(test_a_fork_while_a_thread_looks),
        cmocka_unit_test(test_while_another_thread_loads),
        cmocka_unit_test(test_a_runtime_that_comes_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
