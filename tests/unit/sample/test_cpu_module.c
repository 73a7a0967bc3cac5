/* SPDX-License-Identifier: Apache-2.0 */
/* The directives of `profile cpu`, as a configuration file meets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

static char output[4096];
static size_t output_len;

static int
write_output(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    if (output_len + len >= sizeof(output)) {
        return EVPROF_ELIMIT;
    }
    memcpy(output + output_len, data, len);
    output_len += len;
    output[output_len] = '\0';
    return EVPROF_OK;
}

/* Checks a file with these directives; what was written is in `output`. */
static int
check(const char *directives)
{
    char path[] = "/tmp/evprof-cpu-XXXXXX";
    const evprof_writer_t out = { .write = write_output };
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "pprof { profile cpu { %s } }\n", directives) > 0);
    output_len = 0;
    output[0] = '\0';
    const int status = evprof_conf_check(path, &out, NULL);
    (void)close(fd);
    (void)unlink(path);
    return status;
}

static void
test_good_directives(void **state)
{
    (void)state;
    assert_int_equal(check(""), EVPROF_OK);
    assert_int_equal(check("rate 1; unwinder fp; depth 512;"), EVPROF_OK);
    assert_int_equal(check("rate 1000; unwinder auto; depth 1;"), EVPROF_OK);
    assert_int_equal(check("unwinder tables;"), EVPROF_OK);
}

static void
test_numbers_out_of_bounds(void **state)
{
    (void)state;
    assert_int_equal(check("rate 0;"), EVPROF_EPARSE);
    assert_non_null(strstr(output, "must be between 1 and 1000"));
    assert_int_equal(check("rate 1001;"), EVPROF_EPARSE);
    assert_int_equal(check("depth 513;"), EVPROF_EPARSE);
    assert_non_null(strstr(output, "must be between 1 and 512"));
}

/* It would wait for the loader's lock in a handler; the message says so. */
static void
test_libunwind_is_refused_with_its_reason(void **state)
{
    (void)state;
    assert_int_equal(check("unwinder libunwind;"), EVPROF_EPARSE);
    assert_non_null(
        strstr(output, "\"unwinder\" cannot be \"libunwind\": it "));
    assert_non_null(strstr(output, "signal handler"));
    assert_int_equal(check("unwinder dwarf;"), EVPROF_EPARSE);
    assert_non_null(strstr(output, "only auto, fp and tables"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_directives),
        cmocka_unit_test(test_numbers_out_of_bounds),
        cmocka_unit_test(test_libunwind_is_refused_with_its_reason),
    };
    return cmocka_run_group_tests_name("cpu_module", tests, NULL, NULL);
}
