/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is behind our wrappers is known before anybody calls them: to look it up
 * waits for threads that are in dlopen(), which libc's functions never do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <unistd.h>

#include <evprof/export.h>

#include "core/profile/builder.h"
#include "core/sample/bound_names.h"

/* Whether profiles say that calls pass us by is known too. */
EVPROF_API void while_it_loads(void);

EVPROF_API void
while_it_loads(void)
{
    evprof_builder_t *b = evprof_builder_new(0);
    assert_int_equal(
        evprof_say_unbound(b, EVPROF_LOSS_OF_BLOCK, "pthread_mutex_lock"),
        EVPROF_OK);
    evprof_builder_free(b);
}

static void
test_calls_while_another_thread_loads(void **state)
{
    (void)state;
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    assert_non_null(libc);
    assert_ptr_not_equal(dlsym(RTLD_DEFAULT, "pthread_rwlock_wrlock"),
                         dlsym(libc, "pthread_rwlock_wrlock"));
    alarm(60); /* ends a process that hangs */
    assert_non_null(dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL));
    alarm(0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_while_another_thread_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
