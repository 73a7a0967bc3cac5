/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/testing/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/runtime/catalog.h"
#include "tests/unit/testing/tests.h"

/* Modules of the test's own: flags come from whatever modules there are. */
static const evprof_module_t plain = { .name = "plain" };
static const evprof_module_t waits = {
    .name = "waits",
    .file_flag = "waitsprofile",
    .file_help = "write waits to `file`",
    .rate_flag = "waitsrate",
    .rate_help = "one in `n`",
    .rate_default = "7",
};
const evprof_module_t *const evprof_profile_modules[] = { &plain, &waits,
                                                          NULL };

/* Parses with stderr going to a pipe; what was said comes back in `said`. */
static enum evprof_test_parsed
parse(evprof_test_options_t *out, char *said, size_t size,
      const char *const *words)
{
    /* Options point into their arguments, so that these have to stay. */
    static char kept[16][64];
    char *argv[17];
    int argc = 0;
    for (; words[argc] != NULL; argc++) {
        snprintf(kept[argc], sizeof(kept[argc]), "%s", words[argc]);
        argv[argc] = kept[argc];
    }
    argv[argc] = NULL;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    enum evprof_test_parsed parsed = evprof_test_options_parse(out, argc, argv);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t n = read(ends[0], said, size - 1);
    said[n < 0 ? 0 : n] = '\0';
    close(ends[0]);
    return parsed;
}

static void
test_defaults_and_both_spellings(void **state)
{
    (void)state;
    evprof_test_options_t o;
    char said[8192];
    const char *none[] = { "p", NULL };
    assert_int_equal(parse(&o, said, sizeof(said), none),
                     EVPROF_TEST_PARSED_OK);
    assert_string_equal(o.bench, "");
    assert_int_equal(o.benchtime_ns, 1000000000);
    assert_int_equal(o.count, 1);
    assert_string_equal(o.files[1], "");
    assert_int_equal(o.rates[1], 7);

    const char *both[] = { "p",        "-bench=A", "--test.run",
                           "B",        "-test.v",  "-benchmem=false",
                           "-count",   "3",        "-timeout=1m1.5s",
                           "-cpu=1,2", "--",       "-x",
                           NULL };
    assert_int_equal(parse(&o, said, sizeof(said), both),
                     EVPROF_TEST_PARSED_OK);
    assert_string_equal(o.bench, "A");
    assert_string_equal(o.run, "B");
    assert_string_equal(o.cpu, "1,2");
    assert_true(o.verbose);
    assert_false(o.benchmem);
    assert_int_equal(o.count, 3);
    assert_int_equal(o.timeout_ns, INT64_C(61500000000));
    assert_string_equal(said, "");
}

static void
test_flags_of_modules(void **state)
{
    (void)state;
    evprof_test_options_t o;
    char said[8192];
    const char *good[] = { "p", "-waitsprofile=w.out", "-test.waitsrate", "3",
                           NULL };
    assert_int_equal(parse(&o, said, sizeof(said), good),
                     EVPROF_TEST_PARSED_OK);
    assert_string_equal(o.files[1], "w.out");
    assert_int_equal(o.rates[1], 3);
    assert_null(o.files[0]);
    const char *unknown[] = { "p", "-plainprofile=x", NULL };
    assert_int_equal(parse(&o, said, sizeof(said), unknown),
                     EVPROF_TEST_PARSED_BAD);
    assert_non_null(
        strstr(said, "-waitsprofile, -test.waitsprofile file  write waits "
                     "to file\n"));
    assert_non_null(strstr(said, "one in n (default 7)\n"));
}

static void
test_benchtime(void **state)
{
    (void)state;
    evprof_test_options_t o;
    char said[8192];
    const char *count[] = { "p", "-benchtime=100x", NULL };
    assert_int_equal(parse(&o, said, sizeof(said), count),
                     EVPROF_TEST_PARSED_OK);
    assert_int_equal(o.benchtime_n, 100);
    const char *duration[] = { "p", "-benchtime=1h2ms", NULL };
    assert_int_equal(parse(&o, said, sizeof(said), duration),
                     EVPROF_TEST_PARSED_OK);
    assert_int_equal(o.benchtime_n, 0);
    assert_int_equal(o.benchtime_ns, INT64_C(3600002000000));
}

static void
test_complaints(void **state)
{
    (void)state;
    static const struct {
        const char *flag;
        const char *first_line;
    } rows[] = {
        { "-benchtime=-1s", "invalid value \"-1s\" for flag -test.benchtime: "
                            "invalid duration\n" },
        { "-benchtime=0x",
          "invalid value \"0x\" for flag -test.benchtime: invalid count\n" },
        { "-benchtime=1",
          "invalid value \"1\" for flag -test.benchtime: invalid duration\n" },
        { "-nope=3", "flag provided but not defined: -nope\n" },
        { "-bench", "flag needs an argument: -bench\n" },
        { "-v=maybe",
          "invalid boolean value \"maybe\" for -test.v: parse error\n" },
        { "-count=-1",
          "invalid value \"-1\" for flag -test.count: parse error\n" },
        { "---v", "bad flag syntax: ---v\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_test_options_t o;
        char said[8192];
        const char *argv[] = { "p", rows[i].flag, NULL };
        assert_int_equal(parse(&o, said, sizeof(said), argv),
                         EVPROF_TEST_PARSED_BAD);
        assert_memory_equal(said, rows[i].first_line,
                            strlen(rows[i].first_line));
        assert_non_null(strstr(said, "Usage of p:\n"));
    }
}

int
run_options_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_both_spellings),
        cmocka_unit_test(test_flags_of_modules),
        cmocka_unit_test(test_benchtime),
        cmocka_unit_test(test_complaints),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
