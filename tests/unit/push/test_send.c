/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a header Retry-After asks for, in both of its forms.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapters/push/send.h"

static void
test_retry_after(void **state)
{
    (void)state;
    const time_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    assert_int_equal(evprof_push_retry_s("", now), 0);
    assert_int_equal(evprof_push_retry_s("soon", now), 0);
    assert_int_equal(evprof_push_retry_s("-5", now), 0);
    assert_int_equal(evprof_push_retry_s("90", now), 90);
    assert_int_equal(evprof_push_retry_s("86400", now), 3600);
    assert_int_equal(evprof_push_retry_s("99999999999999999999", now), 3600);
    assert_int_equal(evprof_push_retry_s("Sun, 06 Nov 1994 08:50:37 GMT", now),
                     60);
    assert_int_equal(evprof_push_retry_s("Sun, 06 Nov 1994 08:40:00 GMT", now),
                     0);
    assert_int_equal(evprof_push_retry_s("Mon, 07 Nov 1994 08:49:37 GMT", now),
                     3600);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_retry_after) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
