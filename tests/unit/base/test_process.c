/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/base/tests.h"
#include "tests/unit/emulated.h"

enum { PLENTY_MS = 60000, LARGE = 1 << 20 };

static int
filter(const char *script, const evprof_buf_t *input, int limit_ms,
       evprof_buf_t *out, evprof_error_t *err)
{
    char shell[] = "/bin/sh";
    char flag[] = "-c";
    char command[128];
    (void)snprintf(command, sizeof(command), "%s", script);
    char *argv[] = { shell, flag, command, NULL };
    return evprof_process_filter(argv, input, limit_ms, out, err);
}

/* More than pipes hold, both ways at once. */
static void
test_large(void **state)
{
    evprof_buf_t input = { 0 };
    evprof_buf_t out = { 0 };
    evprof_error_t err = { 0 };
    (void)state;
    for (int i = 0; i < LARGE / 8; i++) {
        evprof_buf_printf(&input, "%07d\n", i);
    }
    assert_int_equal(filter("cat", &input, PLENTY_MS, &out, &err), EVPROF_OK);
    assert_int_equal(out.len, input.len);
    assert_memory_equal(out.data, input.data, input.len);
    evprof_buf_free(&input);
    evprof_buf_free(&out);
}

/* A program that reads to the end finds it, also where there is nothing. */
static void
test_nothing(void **state)
{
    const evprof_buf_t nothing = { 0 };
    evprof_buf_t out = { 0 };
    evprof_error_t err = { 0 };
    (void)state;
    assert_int_equal(filter("cat; echo end", &nothing, PLENTY_MS, &out, &err),
                     EVPROF_OK);
    assert_string_equal(out.data, "end\n");
    evprof_buf_free(&out);
    evprof_buf_t one = { 0 };
    evprof_buf_putc(&one, '1');
    assert_int_equal(filter("cat", &one, PLENTY_MS, &out, &err), EVPROF_OK);
    assert_int_equal(out.data[out.len - 1], '1');
    evprof_buf_free(&one);
    evprof_buf_free(&out);
}

/* The program reads one byte of many: no signal ends this one. */
static void
test_stops_reading(void **state)
{
    evprof_buf_t input = { 0 };
    evprof_buf_t out = { 0 };
    evprof_error_t err = { 0 };
    (void)state;
    for (int i = 0; i < LARGE; i++) {
        evprof_buf_putc(&input, 'x');
    }
    assert_int_equal(
        filter("head -c 1; exec 0<&-", &input, PLENTY_MS, &out, &err),
        EVPROF_OK);
    assert_string_equal(out.data, "x");
    evprof_buf_free(&input);
    evprof_buf_free(&out);
}

static void
test_failures(void **state)
{
    char none[] = "/nowhere/program";
    char *argv[] = { none, NULL };
    const evprof_buf_t nothing = { 0 };
    evprof_buf_t out = { 0 };
    evprof_error_t err = { 0 };
    (void)state;
    SKIP_EMULATED("vfork");
    assert_int_equal(
        evprof_process_filter(argv, &nothing, PLENTY_MS, &out, &err),
        EVPROF_ENOENT);
    char no_program[] = "/dev/null";
    argv[0] = no_program;
    assert_int_equal(
        evprof_process_filter(argv, &nothing, PLENTY_MS, &out, &err),
        EVPROF_EIO);
    assert_non_null(strstr(err.message, "the program /dev/null cannot be "
                                        "started: "));
    assert_int_equal(filter("exit 3", &nothing, PLENTY_MS, &out, &err),
                     EVPROF_EIO);
    assert_non_null(strstr(err.message, "3"));
    assert_int_equal(filter("kill -KILL $$", &nothing, PLENTY_MS, &out, &err),
                     EVPROF_EIO);
    /* Its own limit, and not the hour that it would take. */
    assert_int_equal(filter("exec sleep 3600", &nothing, 50, &out, &err),
                     EVPROF_ELIMIT);
    evprof_buf_free(&out);
}

/* The descriptor that the next one to be opened would get. */
static int
next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    close(fd);
    return fd;
}

/* Where descriptors run out before all are open, the first ones are closed
 * again, also the one that took the place of the standard input. */
static void
check_descriptors_run_out(void)
{
    const evprof_buf_t nothing = { 0 };
    evprof_buf_t out = { 0 };
    evprof_error_t err = { 0 };
    struct rlimit before;
    const int first = next_fd();
    int failures = 0;
    int status = EVPROF_EIO;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int most = first; status == EVPROF_EIO; most++) {
        const struct rlimit few = { .rlim_cur = (rlim_t)most,
                                    .rlim_max = before.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        status = filter("cat", &nothing, PLENTY_MS, &out, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(next_fd(), first);
        failures += status != EVPROF_OK;
    }
    assert_int_equal(status, EVPROF_OK);
    assert_true(failures >= 4);
    evprof_buf_free(&out);
}

static void
test_descriptors(void **state)
{
    (void)state;
    SKIP_EMULATED("limits on descriptors");
    check_descriptors_run_out();
    /* A process that has no standard input. */
    int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    assert_true(input >= 0);
    close(STDIN_FILENO);
    check_descriptors_run_out();
    test_nothing(state);
    assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
    close(input);
}

int
run_process_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large),         cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_stops_reading), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_descriptors),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
