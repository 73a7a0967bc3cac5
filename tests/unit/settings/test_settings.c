/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files through the public interface, as a server meets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <evprof/evprof.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/evprof-settings-XXXXXX";
static char output[32768];
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

static const evprof_writer_t out = { .write = write_output };

static int
make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void
write_conf(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    output_len = 0;
    output[0] = '\0';
}

static void
test_check(void **state)
{
    (void)state;
    evprof_error_t err;
    write_conf("pprof { prefix /p/; }");
    assert_int_equal(evprof_conf_check(path, &out, &err), 0);
    assert_string_equal(output, "");
    write_conf("pprof {\n prefx /p/;\n}\nx;");
    assert_int_equal(evprof_conf_check(path, &out, &err), EVPROF_EPARSE);
    char expected[256];
    snprintf(expected, sizeof(expected),
             "%s:2:2: \"prefx\" is unknown; did you mean \"prefix\"?\n"
             "%s:4:1: \"x\" is unknown\n",
             path, path);
    assert_string_equal(output, expected);
    output_len = 0;
    assert_int_equal(evprof_conf_check("/nowhere/x", &out, &err), EVPROF_EIO);
    assert_string_equal(output, "/nowhere/x: the file does not exist\n");
}

static void
test_new(void **state)
{
    (void)state;
    evprof_error_t err;
    write_conf("pprof { profile cpu off; }");
    evprof_t *prof = evprof_new(path, &err);
    assert_non_null(prof);
    assert_null(evprof_lookup(prof, "cpu"));
    evprof_free(prof);
    write_conf("pprof {");
    assert_null(evprof_new(path, &err));
    assert_int_equal(err.status, EVPROF_EPARSE);
    assert_non_null(strstr(err.message, ":1:1: \"pprof\" has a block that"));
}

static void
test_dump(void **state)
{
    (void)state;
    char expected[256];
    write_conf("pprof {\n max_seconds 77;\n profile cpu { rate 50; } }");
    assert_int_equal(evprof_conf_dump(path, &out, NULL), 0);
    snprintf(expected, sizeof(expected),
             "    max_seconds 77;                         # %s:2\n", path);
    assert_non_null(strstr(output, expected));
    assert_non_null(strstr(output, "    prefix /debug/pprof/;               "
                                   "    # default\n"));
    snprintf(expected, sizeof(expected),
             "        rate 50;                            # %s:3\n", path);
    assert_non_null(strstr(output, expected));
}

/* Every kind of line that a file may have, together. */
static void
test_whole_file(void **state)
{
    (void)state;
    char users[] = "/tmp/evprof-users-XXXXXX";
    char text[2048];
    static const char hash[] = "ann:$6$saltsalt$"
                               "qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/"
                               "jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\n";
    int fd = mkstemp(users);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, hash, sizeof(hash) - 1), sizeof(hash) - 1);
    close(fd);
    snprintf(text, sizeof(text),
             "load_module " MODULE_DIR "/good.so; # compiled elsewhere\n"
             "listen 127.0.0.1:6060;\n"
             "pprof {\n"
             "    prefix        /debug/pprof/;\n"
             "    allow         127.0.0.1; allow ::1; deny all;\n"
             "    auth_basic    \"profiles\"; auth_basic_user_file %s;\n"
             "    auth_bearer_file %s;\n"
             "    satisfy       all;\n"
             "    max_seconds   300;\n"
             "    profile cpu     { rate 100; unwinder auto; }\n"
             "    profile heap    { sample_interval 512k; }\n"
             "    profile block   { rate 10us; }\n"
             "    profile mutex   { fraction 10; }\n"
             "    profile cmdline off;\n"
             "    profile hello { count 2; }\n"
             "}\n",
             users, users);
    write_conf(text);
    int status = evprof_conf_check(path, &out, NULL);
    assert_string_equal(output, "");
    assert_int_equal(status, 0);
    unlink(users);
}

/* The reference is a configuration file, and a good one. */
static void
test_reference(void **state)
{
    (void)state;
    write_conf("");
    assert_int_equal(evprof_conf_reference(&out, NULL), 0);
    assert_non_null(strstr(output, "# load_module FILE;"));
    assert_non_null(
        strstr(output, "# allow ADDRESS|NETWORK|unix:|direct|all;"));
    char *text = strdup(output);
    assert_non_null(text);
    write_conf(text);
    free(text);
    int status = evprof_conf_check(path, &out, NULL);
    assert_string_equal(output, "");
    assert_int_equal(status, 0);
}

/* ---- load_module ---- */

static void
write_load(const char *module)
{
    char text[512];
    snprintf(text, sizeof(text),
             "load_module " MODULE_DIR "/%s.so;\n"
             "pprof { profile hello { count 7; } }",
             module);
    write_conf(text);
}

static void
test_load_module(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    write_load("good");
    evprof_t *prof = evprof_new(path, &err);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
    evprof_profile_t *hello = evprof_lookup(prof, "hello");
    assert_non_null(hello);
    assert_int_equal(evprof_profile_write(hello, &out, 1, &err), 0);
    assert_string_equal(output, "7");
    evprof_free(prof);
    /* The next one starts without it. */
    prof = evprof_new(NULL, &err);
    assert_non_null(prof);
    assert_null(evprof_lookup(prof, "hello"));
    evprof_free(prof);
}

static void
expect_refused(const char *module, const char *sentence)
{
    evprof_error_t err = { 0 };
    write_load(module);
    assert_null(evprof_new(path, &err));
    if (strstr(err.message, sentence) == NULL) {
        fail_msg("%s", err.message);
    }
    /* Nothing of it is left. */
    evprof_t *prof = evprof_new(NULL, &err);
    assert_non_null(prof);
    assert_null(evprof_lookup(prof, "hello"));
    evprof_free(prof);
}

static void
test_bad_modules(void **state)
{
    (void)state;
    expect_refused("wrong_abi", "was built for module ABI 5, this library has "
                                "4: build it anew");
    expect_refused("taken_name", "brings the profile \"cpu\", which exists "
                                 "already");
    expect_refused("other_name", "brings the profile \"threads\", which exists "
                                 "already");
    expect_refused("page_name", "brings the profile \"status\", but a page "
                                "has that name");
    expect_refused("bad_name", "has a module without a name that fits");
    expect_refused("no_hooks", "has a module that lacks its summary");
    expect_refused("no_symbol", "is no module: it does not export "
                                "evprof_module");
    expect_refused("bad_init", "hello");
    expect_refused("absent", "cannot load a module: ");
    evprof_error_t err = { 0 };
    write_conf("load_module " MODULE_DIR "/good.so;\n"
               "load_module " MODULE_DIR "/good.so;");
    assert_null(evprof_new(path, &err));
    assert_non_null(strstr(err.message, ":2:1: \"load_module\" brings the "
                                        "profile \"hello\", which exists"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),       cmocka_unit_test(test_new),
        cmocka_unit_test(test_dump),        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_whole_file),  cmocka_unit_test(test_load_module),
        cmocka_unit_test(test_bad_modules),
    };
    return cmocka_run_group_tests_name("settings", tests, make_file,
                                       remove_file);
}
