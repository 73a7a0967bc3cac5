/* SPDX-License-Identifier: Apache-2.0 */
#include "core/access/credentials.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/access/cache.h"
#include "core/base/buf.h"
#include "tests/unit/access/tests.h"
#include "tests/unit/emulated.h"

/* ---- The linker gives the library's calls to these ---- */

void *__real_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd,
                  off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd,
                  off_t offset);

typedef char *hash_fn(const char *phrase, const char *setting, void *data,
                      int size);

static hash_fn *real_hash;
static size_t hash_count;
static char hash_setting[CRYPT_OUTPUT_SIZE];

static char *
count_hash(const char *phrase, const char *setting, void *data, int size)
{
    hash_count++;
    (void)snprintf(hash_setting, sizeof(hash_setting), "%s", setting);
    return real_hash(phrase, setting, data, size);
}

void *
__wrap_dlsym(void *library, const char *name)
{
    void *address = __real_dlsym(library, name);
    if (strcmp(name, "crypt_rn") == 0 && address != NULL) {
        hash_fn *counting = count_hash;
        memcpy(&real_hash, &address, sizeof(address));
        memcpy(&address, &counting, sizeof(address));
    }
    return address;
}

/* How many mappings there are up to the one that fails; 0: none does. */
static size_t until_failure;

void *
__wrap_mmap(void *at, size_t size, int protection, int flags, int fd,
            off_t offset)
{
    if (until_failure > 0 && --until_failure == 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, flags, fd, offset);
}

/* How read() fails the next time, 0: it does not; and the most that it gives
 * at once, 0: all. */
static int read_error;
static size_t read_most;

ssize_t __real_read(int fd, void *out, size_t size);
ssize_t __wrap_read(int fd, void *out, size_t size);

ssize_t
__wrap_read(int fd, void *out, size_t size)
{
    if (read_error != 0) {
        errno = read_error;
        read_error = 0;
        return -1;
    }
    return __real_read(fd, out,
                       read_most > 0 && read_most < size ? read_most : size);
}

/* ---- Users ---- */

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

/* The work of an answer does not show whether the name exists: each costs one
 * hash, that of the first usable line where the name is in none. */
static void
test_work_of_unknown_users(void **state)
{
    static const struct {
        const char *name_password;
        const char *setting; /* what the hash begins with */
    } cases[] = {
        { "ann:pear", "$2y$04$" },    { "ann:plum", "$2y$04$" },
        { "bob:plum", "$6$rounds=" }, { "bob:pear", "$6$rounds=" },
        { "eve:pear", "$2y$04$" },    { "old:pear", "$2y$04$" },
        { "none:pear", "$2y$04$" },   { ":pear", "$2y$04$" },
    };
    (void)state;
    char *folder = test_folder();
    char *users = test_path(folder, "users");
    char text[1024] = "old:$apr1$salt$hash\nnone\nnone:\n";
    size_t len = strlen(text);
    FILE *file = fopen(users, "r");
    assert_non_null(file);
    len += fread(text + len, 1, sizeof(text) - 1 - len, file);
    text[len] = '\0';
    fclose(file);
    test_write_file(folder, "users", text);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hash_count = 0;
        (void)has_user(users, cases[i].name_password);
        assert_int_equal(hash_count, 1);
        assert_memory_equal(hash_setting, cases[i].setting,
                            strlen(cases[i].setting));
    }
    assert_true(has_user(users, "ann:pear"));
    assert_false(has_user(users, "eve:pear"));
    test_write_file(folder, "users", "old:$apr1$salt$hash\n");
    assert_false(has_user(users, "old:pear"));
    free(users);
    test_folder_remove(folder);
}

/* Nobody is let in for want of memory. */
static void
test_short_of_memory(void **state)
{
    (void)state;
    evprof_file_id_t id;
    evprof_secret_t secret;
    char *folder = test_folder();
    char *users = test_path(folder, "users");
    char *tokens = test_path(folder, "tokens");
    assert_true(evprof_secret_init(&secret, 256));
    secret.len = strlen("ann:pear");
    memcpy(secret.data, "ann:pear", secret.len);
    /* The file and the hash. */
    for (size_t n = 1; n <= 3; n++) {
        until_failure = n;
        assert_int_equal(evprof_users_have(users, &secret, &id), n == 3);
        assert_int_equal(until_failure, n == 3);
    }
    for (size_t n = 1; n <= 2; n++) {
        until_failure = n;
        assert_int_equal(
            evprof_tokens_have(tokens, TEST_TOKEN, strlen(TEST_TOKEN), &id),
            n == 2);
        assert_int_equal(until_failure, n == 2);
    }
    until_failure = 0;
    evprof_secret_fini(&secret);
    free(users);
    free(tokens);
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
    /* Blanks around it, and lines of blanks, are not of a token. */
    test_write_file(folder, "tokens", "  \n \t \n\t another \t\r\n \t# x\n");
    assert_true(evprof_tokens_have(tokens, "another", 7, &id));
    assert_false(evprof_tokens_have(tokens, "# x", 3, &id));
    assert_false(evprof_tokens_have(tokens, "x", 1, &id));
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

/* What is decoded fits with a NUL behind it, or is refused. */
static void
test_base64_room(void **state)
{
    static const struct {
        const char *text;
        size_t size; /* the smallest room for it */
    } cases[] = { { "", 1 },
                  { "YQ==", 2 },
                  { "YWI=", 3 },
                  { "YWJj", 4 },
                  { "YWJjZA==", 5 } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *room = malloc(cases[i].size);
        assert_non_null(room);
        evprof_secret_t out = { .data = room, .size = cases[i].size };
        const char *text = cases[i].text;
        for (int round = 0; round < 2; round++) {
            assert_true(evprof_base64_decode(text, strlen(text), &out));
            assert_int_equal(out.len, cases[i].size - 1);
        }
        assert_int_equal(room[out.len], '\0');
        out.size--;
        assert_false(evprof_base64_decode(text, strlen(text), &out));
        free(room);
    }
}

static void
test_equal(void **state)
{
    (void)state;
    assert_true(evprof_secret_equal("abc", 3, "abc", 3));
    assert_true(evprof_secret_equal("", 0, "", 0));
    assert_false(evprof_secret_equal("abc", 3, "abd", 3));
    assert_false(evprof_secret_equal("abc", 3, "xbc", 3));
    assert_false(evprof_secret_equal("a", 1, "b", 1));
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

/* Whole pages, as many as are needed. */
static void
test_secret_sizes(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t sizes[] = { 1, page - 1, page, page + 1, 2 * page + 1 };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        evprof_secret_t secret;
        assert_true(evprof_secret_init(&secret, sizes[i]));
        assert_in_range(secret.size, sizes[i], sizes[i] + page - 1);
        memset(secret.data, 1, secret.size);
        evprof_secret_fini(&secret);
    }
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

/* Reading goes on after a signal, and until there is no more. */
static void
test_reading(void **state)
{
    static const struct {
        int error;
        size_t most;
        size_t max_bytes;
        const char *fault;
    } cases[] = {
        { 0, 0, 4096, NULL },
        { 0, 1, 4096, NULL },
        { EINTR, 0, 4096, NULL },
        { EIO, 0, 4096, "cannot be read" },
        { EINTR, 7, 4096, NULL },
        { 0, 0, sizeof(TEST_TOKEN) - 1, NULL },
        { 0, 0, sizeof(TEST_TOKEN) - 2, "is too large" },
    };
    (void)state;
    char *folder = test_folder();
    char *path = test_path(folder, "tokens");
    test_write_file(folder, "tokens", TEST_TOKEN);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_secret_t secret = { 0 };
        read_error = cases[i].error;
        read_most = cases[i].most;
        const char *fault =
            evprof_secret_read(&secret, path, cases[i].max_bytes, NULL);
        read_most = 0;
        if (cases[i].fault != NULL) {
            assert_string_equal(fault, cases[i].fault);
            assert_null(secret.data);
            continue;
        }
        assert_null(fault);
        assert_int_equal(secret.len, strlen(TEST_TOKEN));
        assert_string_equal(secret.data, TEST_TOKEN);
        evprof_secret_fini(&secret);
    }
    /* The kernel's files say too late how large they are. */
    evprof_secret_t secret = { 0 };
    assert_string_equal(
        evprof_secret_read(&secret, "/proc/self/stat", 10, NULL),
        "is too large");
    assert_null(secret.data);
    free(path);
    test_folder_remove(folder);
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
        cmocka_unit_test(test_work_of_unknown_users),
        cmocka_unit_test(test_short_of_memory),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_room),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_secret_pages),
        cmocka_unit_test(test_secret_sizes),
        cmocka_unit_test(test_size_unknown),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
