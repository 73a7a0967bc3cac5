/* SPDX-License-Identifier: Apache-2.0 */
/* A function that stands in front of libc's is called, whatever versions libc
 * has: only in one and the same library a version is better than the name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/interpose/real.h"

typedef int number_fn(void);

static void
test_the_first_library_wins(void **state)
{
    (void)state;
    evprof_real_t which = EVPROF_REAL(which_library, "B_1");
    assert_int_equal(((number_fn *)evprof_real(&which))(), 1);
    evprof_real_t own_version = EVPROF_REAL(which_library, "A_1");
    assert_int_equal(((number_fn *)evprof_real(&own_version))(), 1);
    evprof_real_t only = EVPROF_REAL(only_in_b, "B_1");
    assert_int_equal(((number_fn *)evprof_real(&only))(), 3);
    evprof_real_t no_such_version = EVPROF_REAL(only_in_b, "B_2");
    assert_int_equal(((number_fn *)evprof_real(&no_such_version))(), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_library_wins),
    };
    return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
