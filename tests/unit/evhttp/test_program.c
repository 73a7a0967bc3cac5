/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages say of the process. */
#include "adapters/evhttp/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/emulated.h"

static void
test_uptime(void **state)
{
    static const struct {
        long seconds;
        const char *text;
    } rows[] = {
        { -1, "?" },
        { 0, "0 s" },
        { 59, "59 s" },
        { 60, "1 min 0 s" },
        { 3599, "59 min 59 s" },
        { 3600, "1 h 0 min" },
        { 86399, "23 h 59 min" },
        { 86400, "1 d 0 h" },
        { 277200, "3 d 5 h" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        evprof_program_put_uptime(&out, rows[i].seconds);
        assert_string_equal(out.data, rows[i].text);
        evprof_buf_free(&out);
    }
}

static void
test_own_process(void **state)
{
    evprof_program_t program;
    (void)state;
    evprof_program_read(&program);
    assert_string_equal(program.name, "test_program");
    assert_int_equal(program.pid, getpid());
    assert_true(program.uptime >= 0 && program.uptime < 300);
}

/* The id that the linker wrote, as readelf shows it. */
static void
test_build_id(void **state)
{
    char command[128];
    char line[256] = "";
    evprof_program_t program;
    (void)state;
    SKIP_EMULATED("/proc of the program under its own number");
    evprof_program_read(&program);
    (void)snprintf(command, sizeof(command),
                   "readelf -n /proc/%d/exe 2>/dev/null | "
                   "sed -n 's/.*Build ID: //p'",
                   (int)getpid());
    FILE *out = popen(command, "r");
    assert_non_null(out);
    if (fgets(line, sizeof(line), out) == NULL) {
        line[0] = '\0';
    }
    (void)pclose(out);
    line[strcspn(line, "\n")] = '\0';
    assert_string_equal(program.build_id, line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uptime),
        cmocka_unit_test(test_own_process),
        cmocka_unit_test(test_build_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
