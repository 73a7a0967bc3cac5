/* SPDX-License-Identifier: Apache-2.0 */
/* Files of users and tokens, with cheap hashes made on the spot. */
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "tests/unit/access/tests.h"

char *
test_path(const char *folder, const char *name)
{
    evprof_buf_t path = { 0 };
    evprof_buf_printf(&path, "%s/%s", folder, name);
    return path.data;
}

void
test_write_file(const char *folder, const char *name, const char *text)
{
    char *path = test_path(folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(path);
}

char *
test_folder(void)
{
    char *folder = strdup("/tmp/evprof-access-XXXXXX");
    assert_non_null(mkdtemp(folder));
    evprof_buf_t users = { 0 };
    struct crypt_data data = { 0 };
    evprof_buf_printf(&users, "# people\n\nann:%s\n",
                      crypt_r("pear", "$2y$04$abcdefghijklmnopqrstuu", &data));
    evprof_buf_printf(&users, "bob:%s\r\n",
                      crypt_r("plum", "$6$rounds=1000$salt", &data));
    test_write_file(folder, "users", users.data);
    evprof_buf_free(&users);
    test_write_file(folder, "tokens",
                    "another-token-of-mine\n# one more\n" TEST_TOKEN "\n");
    return folder;
}

void
test_folder_remove(char *folder)
{
    evprof_buf_t command = { 0 };
    evprof_buf_printf(&command, "rm -rf '%s'", folder);
    assert_int_equal(system(command.data), 0);
    evprof_buf_free(&command);
    free(folder);
}

/* Sets the file's time back instead of waiting: a change of times is a change,
 * so the clock is watched until it is settled. */
void
test_wait_until_settled(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    struct timespec now;
    long long age;
    do {
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
        age = (now.tv_sec - st.st_ctim.tv_sec) * 1000000000LL + now.tv_nsec -
              st.st_ctim.tv_nsec;
    } while (age < 60000000);
}

static const evprof_module_t *const modules[] = { NULL };
static const evprof_section_t *const sections[] = { &evprof_access_section,
                                                    NULL };
static const evprof_schema_t schema = { .modules = modules,
                                        .sections = sections };

static int
load(const char *folder, const char *text, evprof_config_t **out,
     evprof_error_t *err)
{
    evprof_buf_t file = { 0 };
    char *path = test_path(folder, "t");
    evprof_buf_printf(&file, "pprof {\n%s }", text);
    test_write_file(folder, "t", file.data);
    int status = evprof_config_load(path, &schema, out, err);
    evprof_buf_free(&file);
    free(path);
    return status;
}

evprof_config_t *
test_load(const char *folder, const char *text)
{
    evprof_error_t err = { 0 };
    evprof_config_t *config = NULL;
    if (load(folder, text, &config, &err) != EVPROF_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return config;
}

const evprof_access_conf_t *
test_rules_of(const evprof_config_t *config)
{
    return evprof_config_section(config, &evprof_access_section, NULL);
}

const char *
test_problem(const char *folder, const char *text)
{
    static evprof_error_t err;
    evprof_config_t *config = NULL;
    err.message[0] = '\0';
    if (load(folder, text, &config, &err) == EVPROF_OK) {
        evprof_config_unref(config);
    }
    return err.message;
}
