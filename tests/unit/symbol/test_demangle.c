/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demangler is borrowed from the program, which may get it late; and nobody
 * who wants a name waits for a thread that is stuck in dlopen().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <evprof/export.h>

#include "core/symbol/demangle.h"

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
        cmocka_unit_test(test_while_another_thread_loads),
        cmocka_unit_test(test_a_runtime_that_comes_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
