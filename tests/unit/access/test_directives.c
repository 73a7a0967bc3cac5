/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "tests/unit/access/tests.h"

static void
test_sentences(void **state)
{
    static const char *const rows[][2] = {
        { "allow localhost;",
          "\"allow\" must be an address, a network such as 10.0.0.0/8, unix:, "
          "direct or all, not localhost" },
        { "deny 1.2.3.4/40;",
          "\"deny\" must be an address, a network such as 10.0.0.0/8, unix:, "
          "direct or all, not 1.2.3.4/40" },
        { "satisfy some;", "\"satisfy\" must be all or any, not some" },
        { "auth_basic x;",
          "\"auth_basic\" needs \"auth_basic_user_file\" as well" },
        { "auth_basic_user_file users;",
          "\"auth_basic_user_file\" needs \"auth_basic\" with a realm as "
          "well" },
        { "auth_basic 'a\"b'; auth_basic_user_file users;",
          "\"auth_basic\" must be a realm without quotes, backslashes and line "
          "breaks" },
        { "real_ip_header X-Real-IP;",
          "\"real_ip_header\" needs \"trusted_proxy\" as well" },
        { "trusted_proxy all; real_ip_header X-Real-IP;",
          "\"trusted_proxy\" must name the proxies: whoever is trusted can "
          "claim any address" },
        { "trusted_proxy 0.0.0.0/0; real_ip_header X-Real-IP;",
          "\"trusted_proxy\" must name the proxies: whoever is trusted can "
          "claim any address" },
        { "trusted_proxy ::/0; real_ip_header X-Real-IP;",
          "\"trusted_proxy\" must name the proxies: whoever is trusted can "
          "claim any address" },
        { "trusted_proxy ::ffff:10.0.0.1/96; real_ip_header X-Real-IP;",
          "\"trusted_proxy\" must name the proxies: whoever is trusted can "
          "claim any address" },
        { "trusted_proxy 10.0.0.1;",
          "\"trusted_proxy\" needs \"real_ip_header\" as well" },
        { "real_ip_header 'a b'; trusted_proxy 10.0.0.1;",
          "\"real_ip_header\" must be the name of a header, such as X-Real-IP, "
          "not a b" },
    };
    (void)state;
    char *folder = test_folder();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *problem = test_problem(folder, rows[i][0]);
        size_t len = strlen(folder);
        assert_memory_equal(problem, folder, len);
        assert_memory_equal(problem + len, "/t:2:", 5);
        assert_string_equal(strchr(problem, '"'), rows[i][1]);
    }
    test_folder_remove(folder);
}

/* Each file that cannot be used: what is said, and that nothing of it is. */
static void
test_bad_files(void **state)
{
    static const char *const rows[][2] = {
        { "", "has no user in it" },
        { "# none\n", "has no user in it" },
        { "ann\n", "line 1 is not NAME:HASH" },
        { ":hunter2\n", "line 1 is not NAME:HASH" },
        { "a:\n", "line 1 has no hash" },
        { "ann:\n", "line 1 has no hash" },
        { "#\nann:$apr1$hunter2$x/yz\n",
          "line 2 has an apr1 hash, which crypt(3) does not know: make it "
          "anew with htpasswd -B" },
        { "ann:$2y$15$"
          "hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter\n",
          "line 1 has a bcrypt hash of a cost above 14" },
        { "ann:{SHA}hunter2\n", "line 1 has a hash of an LDAP kind" },
        { "ann:$99$hunter2\n", "line 1 has a hash that crypt(3) does not "
                               "know" },
    };
    (void)state;
    char *folder = test_folder();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_write_file(folder, "bad", rows[i][0]);
        const char *problem =
            test_problem(folder, "auth_basic x; auth_basic_user_file bad;");
        assert_non_null(strstr(problem, "\"auth_basic_user_file\" /"));
        assert_non_null(strstr(problem, rows[i][1]));
        assert_null(strstr(problem, "hunter2"));
    }
    test_write_file(folder, "bad", "good-token\nhunter2 hunter2\n");
    const char *problem = test_problem(folder, "auth_bearer_file bad;");
    assert_non_null(strstr(problem, "bad: line 2 is no token: printable ASCII "
                                    "without spaces"));
    assert_null(strstr(problem, "hunter2"));
    /* From the first byte of the file to the last one of a line. */
    static const char *const no_tokens[] = { "\x01token\n", "token\x7f\n",
                                             "t\xc3\xb6ken\n" };
    for (size_t i = 0; i < sizeof(no_tokens) / sizeof(no_tokens[0]); i++) {
        test_write_file(folder, "bad", no_tokens[i]);
        problem = test_problem(folder, "auth_bearer_file bad;");
        assert_non_null(strstr(problem, "line 1 is no token"));
    }
    test_write_file(folder, "bad", "#\n");
    problem = test_problem(folder, "auth_bearer_file bad;");
    assert_non_null(strstr(problem, "has no token in it"));
    problem = test_problem(folder, "auth_bearer_file absent;");
    assert_non_null(strstr(problem, "absent does not exist"));
    problem = test_problem(folder, "auth_bearer_file .;");
    assert_non_null(strstr(problem, "is a directory"));
    test_folder_remove(folder);
}

/* The costliest hash that is taken. */
static void
test_highest_cost(void **state)
{
    (void)state;
    char *folder = test_folder();
    test_write_file(
        folder, "good",
        "ann:$2y$14$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghijk\n");
    evprof_config_t *config =
        test_load(folder, "auth_basic x; auth_basic_user_file good;");
    assert_non_null(config);
    evprof_config_unref(config);
    test_folder_remove(folder);
}

static void
test_modes_of_files(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *path = test_path(folder, "tokens");
    static const struct {
        mode_t mode;
        const char *warning; /* NULL: none */
    } rows[] = { { 0600, NULL },
                 { 0640, NULL },
                 { 0644, "which others may read" },
                 { 0620, "which others may change" },
                 { 0602, "which others may change" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(chmod(path, rows[i].mode), 0);
        evprof_config_t *config = test_load(folder, "auth_bearer_file tokens;");
        const char *said = evprof_config_warnings(config);
        assert_true((said != NULL) == (rows[i].warning != NULL));
        if (said != NULL) {
            assert_non_null(strstr(said, rows[i].warning));
        }
        evprof_config_unref(config);
    }
    free(path);
    test_folder_remove(folder);
}

static void
collect(void *ctx, const char *value)
{
    evprof_buf_t *out = ctx;
    evprof_buf_printf(out, "%s\n", value);
}

static void
test_challenge(void **state)
{
    (void)state;
    char *folder = test_folder();
    evprof_config_t *config =
        test_load(folder, "auth_basic 'my realm'; auth_basic_user_file users;"
                          "auth_bearer_file tokens;");
    evprof_buf_t out = { 0 };
    evprof_access_challenge(test_rules_of(config), collect, &out);
    assert_string_equal(out.data, "Basic realm=\"my realm\", charset="
                                  "\"UTF-8\"\nBearer realm=\"my realm\"\n");
    evprof_config_unref(config);
    config = test_load(folder, "auth_bearer_file tokens;");
    evprof_buf_clear(&out);
    evprof_access_challenge(test_rules_of(config), collect, &out);
    assert_string_equal(out.data, "Bearer realm=\"profiles\"\n");
    evprof_config_unref(config);
    evprof_buf_free(&out);
    test_folder_remove(folder);
}

int
run_directives_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_highest_cost),
        cmocka_unit_test(test_modes_of_files),
        cmocka_unit_test(test_challenge),
    };
    return cmocka_run_group_tests_name("directives", tests, NULL, NULL);
}
