/* SPDX-License-Identifier: Apache-2.0 */
#include "core/access/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/access/cache.h"
#include "core/base/buf.h"
#include "tests/unit/access/tests.h"
#include "tests/unit/emulated.h"

static bool
has_user(const char *path, const char *name_password)
{
    evprof_secret_t secret;
    evprof_file_id_t id;
    assert_true(evprof_secret_init(&secret, 256));
    secret.len = strlen(name_password);
    memcpy(secret.data, name_password, secret.len);
    bool has = evprof_users_have(path, &secret, &id);
    evprof_secret_fini(&secret);
    return has;
}

static void
test_users(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *users = test_path(folder, "users");
    assert_true(has_user(users, "ann:pear"));
    assert_true(has_user(users, "bob:plum"));
    assert_false(has_user(users, "ann:plum"));
    assert_false(has_user(users, "ann:"));
    assert_false(has_user(users, "ann:pear "));
    assert_false(has_user(users, "an:pear"));
    assert_false(has_user(users, "annn:pear"));
    assert_false(has_user(users, ":pear"));
    assert_false(has_user(users, "ann"));
    assert_false(has_user(users, "# people"));
    assert_false(has_user("/nowhere", "ann:pear"));
    free(users);
    test_folder_remove(folder);
}

static void
test_tokens(void **state)
{
    (void)state;
    evprof_file_id_t id;
    char *folder = test_folder();
    char *tokens = test_path(folder, "tokens");
    size_t len = strlen(TEST_TOKEN);
    assert_true(evprof_tokens_have(tokens, TEST_TOKEN, len, &id));
    assert_false(evprof_tokens_have(tokens, TEST_TOKEN, len - 1, &id));
    assert_false(evprof_tokens_have(tokens, TEST_TOKEN "x", len + 1, &id));
    assert_false(evprof_tokens_have(tokens, "", 0, &id));
    assert_false(evprof_tokens_have(tokens, "# one more", 10, &id));
    assert_false(evprof_tokens_have("/nowhere", TEST_TOKEN, len, &id));
    free(tokens);
    /* The last line may have no end, and ends with the file. */
    test_write_file(folder, "tokens", "another\n" TEST_TOKEN);
    tokens = test_path(folder, "tokens");
    assert_true(evprof_tokens_have(tokens, TEST_TOKEN, len, &id));
    assert_true(evprof_tokens_have(tokens, "another", 7, &id));
    assert_false(evprof_tokens_have(tokens, "another\n", 8, &id));
    free(tokens);
    test_folder_remove(folder);
}

static void
expect_decoded(const char *text, const char *expected)
{
    evprof_secret_t out;
    assert_true(evprof_secret_init(&out, strlen(text) + 4));
    bool good = evprof_base64_decode(text, strlen(text), &out);
    if (expected == NULL) {
        assert_false(good);
    } else {
        assert_true(good);
        assert_int_equal(out.len, strlen(expected));
        assert_string_equal(out.data, expected);
    }
    evprof_secret_fini(&out);
}

static void
test_base64(void **state)
{
    (void)state;
    expect_decoded("", "");
    expect_decoded("YQ==", "a");
    expect_decoded("YWI=", "ab");
    expect_decoded("YWJj", "abc");
    expect_decoded("YWJjZA==", "abcd");
    expect_decoded("+/+/", "\373\377\277");
    expect_decoded("YQ", NULL);
    expect_decoded("YQ=", NULL);
    expect_decoded("Y===", NULL);
    expect_decoded("Y", NULL);
    expect_decoded("YW-_", NULL);
    expect_decoded("YW I=", NULL);
    expect_decoded("YQ==YQ==", NULL);
}

static void
test_equal(void **state)
{
    (void)state;
    assert_true(evprof_secret_equal("abc", 3, "abc", 3));
    assert_true(evprof_secret_equal("", 0, "", 0));
    assert_false(evprof_secret_equal("abc", 3, "abd", 3));
    assert_false(evprof_secret_equal("ab", 2, "abab", 4));
    assert_false(evprof_secret_equal("", 0, "a", 1));
    assert_false(evprof_secret_equal("a", 1, "", 0));
}

/* The kernel's word for pages that core dumps leave out is "dd". */
static bool
is_left_out_of_dumps(const void *address)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool inside = false;
    bool out = false;
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from;
        unsigned long to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            inside =
                (unsigned long)address >= from && (unsigned long)address < to;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            out = strstr(line, " dd") != NULL;
        }
    }
    fclose(maps);
    return out;
}

static void
test_secret_pages(void **state)
{
    (void)state;
    SKIP_EMULATED("MADV_DONTDUMP");
    evprof_secret_t secret;
    assert_true(evprof_secret_init(&secret, 10));
    assert_true(secret.size >= 10);
    assert_true(is_left_out_of_dumps(secret.data));
    evprof_secret_fini(&secret);
    evprof_secret_fini(&secret);
    assert_null(secret.data);
}

/* A file of the kernel has no size until it is read. */
static void
test_size_unknown(void **state)
{
    (void)state;
    evprof_secret_t secret = { 0 };
    assert_null(evprof_secret_read(&secret, "/proc/self/stat", 4096, NULL));
    assert_true(secret.len > 2);
    assert_int_equal(secret.data[secret.len - 1], '\n');
    assert_int_equal(strlen(secret.data), secret.len);
    evprof_secret_fini(&secret);
}

static void
test_cache(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *path = test_path(folder, "users");
    struct stat st;
    evprof_file_id_t id;
    assert_int_equal(stat(path, &st), 0);
    evprof_file_id_of(&st, &id);
    evprof_cache_add(&id, "fresh");
    assert_false(evprof_cache_has(path, "fresh"));
    test_wait_until_settled(path);
    evprof_cache_add(&id, "one");
    assert_true(evprof_cache_has(path, "one"));
    assert_false(evprof_cache_has(path, "on"));
    test_write_file(folder, "users", "changed:x\n");
    assert_false(evprof_cache_has(path, "one"));
    assert_false(evprof_cache_has("/nowhere", "one"));
    free(path);
    test_folder_remove(folder);
}

int
run_credentials_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_secret_pages),
        cmocka_unit_test(test_size_unknown),
        cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
