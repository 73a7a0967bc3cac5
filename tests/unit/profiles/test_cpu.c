/* SPDX-License-Identifier: Apache-2.0 */
/* The status page says so when a library has taken over C++ exceptions. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <evprof/module.h>

#include "core/base/buf.h"
#include "core/runtime/sampling.h"

extern const evprof_module_t evprof_profile_cpu;

static void
test_who_throws(void **state)
{
    (void)state;
    if (dlsym(RTLD_DEFAULT, "_Unwind_RaiseException") == NULL) {
        print_message("skipped: this libunwind throws no exceptions\n");
        skip();
    }
    evprof_sampling_t sampling = {
        .options = { .rate_hz = 100,
                     .unwinder = evprof_unwinder_find("tables") },
    };
    evprof_buf_t page = { 0 };
    const evprof_writer_t writer = evprof_writer_buf(&page);
    assert_int_equal(evprof_profile_cpu.status(&sampling, &writer), EVPROF_OK);
    assert_non_null(strstr(page.data, "rate: 100\nunwinder: tables\n"));
    const char *line = strstr(page.data, "\nexceptions: unwind: ");
    assert_non_null(line);
    assert_non_null(strstr(line, "libunwind.so.8"));
    evprof_buf_free(&page);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_who_throws) };
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
