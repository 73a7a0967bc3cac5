/* SPDX-License-Identifier: Apache-2.0 */
/* A program that is linked with libunwind first, as many are by accident: its
 * C++ exceptions are libunwind's, and the check at start says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <string.h>

#include "core/unwind/unwind.h"

static void
test_hijack_is_seen(void **state)
{
    (void)state;
    /* As built for some processors, libunwind leaves exceptions alone. */
    if (dlsym(RTLD_DEFAULT, "_Unwind_RaiseException") == NULL) {
        print_message("skipped: this libunwind throws no exceptions\n");
        skip();
    }
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_unwind_check_exceptions(&err), EVPROF_ESTATE);
    assert_non_null(strstr(err.message, "libunwind.so.8"));
    assert_non_null(strstr(err.message, "link libgcc_s before it"));
    assert_int_equal(evprof_unwind_check_exceptions(NULL), EVPROF_ESTATE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_hijack_is_seen) };
    return cmocka_run_group_tests_name("hijack", tests, NULL, NULL);
}
