/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/report/tests.h"

static void
in_new_directory(char dir[32])
{
    strcpy(dir, "/tmp/evprof-settings-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

/* In the form that pprof writes: zero values are left out. */
static void
test_reads_what_pprof_wrote(void **state)
{
    (void)state;
    char dir[32];
    char file[64];
    in_new_directory(dir);
    snprintf(file, sizeof(file), "%s/settings.json", dir);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs("{\"configs\":[{\"name\":\"mine\",\"unit\":\"ms\",\"sort\":\"cum\","
          "\"nodecount\":-1,\"nodefraction\":0.25,\"focus\":\"a|b\","
          "\"tagroot\":\"k\",\"unknown\":[1]}]}",
          f);
    fclose(f);
    evprof_settings_t s;
    assert_int_equal(evprof_settings_read(file, &s, NULL), EVPROF_OK);
    assert_int_equal(s.count, 1);
    const evprof_options_t *o = evprof_settings_find(&s, "mine");
    assert_non_null(o);
    assert_string_equal(o->unit, "ms");
    assert_string_equal(o->sort, "cum");
    assert_string_equal(o->focus, "a|b");
    assert_string_equal(o->tagroot, "k");
    assert_int_equal(o->nodecount, -1);
    assert_true(o->nodefraction == 0.25);
    assert_true(o->edgefraction == 0);
    assert_false(o->trim);
    assert_null(evprof_settings_find(&s, "yours"));
    evprof_settings_free(&s);
    unlink(file);
    rmdir(dir);
}

static void
test_writes_and_reads_back(void **state)
{
    (void)state;
    char dir[32];
    char file[64];
    char inner[64];
    in_new_directory(dir);
    snprintf(inner, sizeof(inner), "%s/pprof", dir);
    snprintf(file, sizeof(file), "%s/pprof/settings.json", dir);
    evprof_settings_t s;
    evprof_error_t err;
    evprof_options_t o;
    assert_int_equal(evprof_settings_read(file, &s, NULL), EVPROF_OK);
    assert_int_equal(s.count, 0);
    assert_int_equal(evprof_options_init(&o, NULL), EVPROF_OK);
    evprof_options_set(&o, "hide", "\"quoted\" \\\\", NULL);
    evprof_options_set(&o, "lines", "true", NULL);
    evprof_options_set(&o, "output", "never saved", NULL);
    assert_int_equal(evprof_settings_set(&s, "one", &o, NULL), EVPROF_OK);
    assert_int_equal(evprof_settings_set(&s, "two", &o, NULL), EVPROF_OK);
    assert_int_equal(evprof_settings_set(&s, "one", &o, NULL), EVPROF_OK);
    assert_int_equal(evprof_settings_set(&s, "", &o, NULL), EVPROF_EINVAL);
    assert_int_equal(s.count, 2);
    assert_int_equal(evprof_settings_remove(&s, "three", &err), EVPROF_ENOENT);
    assert_string_equal(err.message, "no options are saved as three");
    assert_int_equal(evprof_settings_write(file, &s, NULL), EVPROF_OK);
    evprof_settings_free(&s);
    assert_int_equal(evprof_settings_read(file, &s, NULL), EVPROF_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(evprof_settings_remove(&s, "one", NULL), EVPROF_OK);
    assert_string_equal(s.items[0].name, "two");
    assert_string_equal(s.items[0].options.hide, "\"quoted\" \\\\");
    assert_string_equal(s.items[0].options.granularity, "lines");
    assert_string_equal(s.items[0].options.output, "");
    assert_true(s.items[0].options.trim);
    evprof_settings_free(&s);
    evprof_options_free(&o);
    unlink(file);
    rmdir(inner);
    rmdir(dir);
}

static void
test_bad_file(void **state)
{
    (void)state;
    char dir[32];
    char file[64];
    in_new_directory(dir);
    snprintf(file, sizeof(file), "%s/s", dir);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs("{\"configs\": [", f);
    fclose(f);
    evprof_settings_t s;
    assert_int_equal(evprof_settings_read(file, &s, NULL), EVPROF_EPARSE);
    unlink(file);
    rmdir(dir);
}

int
run_settings_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_pprof_wrote),
        cmocka_unit_test(test_writes_and_reads_back),
        cmocka_unit_test(test_bad_file),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
