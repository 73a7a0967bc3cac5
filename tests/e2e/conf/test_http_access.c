/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and credentials as clients meet them. */
#include <crypt.h>
#include <evprof/evhttp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/conf/http.h"

#define USER "Authorization: Basic YW5uOnBlYXI=\r\n"  /* ann:pear */
#define WRONG "Authorization: Basic YW5uOnBsdW0=\r\n" /* ann:plum */
#define TOKEN "Authorization: Bearer token-of-mine\r\n"

static char *folder;
static evprof_t *prof;
static test_server_t *server;
static test_reply_t reply;

static void
start(const char *text)
{
    char file[1024];
    char users[128];
    struct crypt_data data = { 0 };
    snprintf(users, sizeof(users), "ann:%s\n",
             crypt_r("pear", "$2y$04$abcdefghijklmnopqrstuu", &data));
    folder = test_folder();
    test_file(folder, "users", users);
    test_file(folder, "tokens", "token-of-mine\n");
    snprintf(file, sizeof(file), "pprof { %s }", text);
    prof = test_profiler(folder, file);
    server = test_server_start(prof);
}

static void
end_all(void)
{
    test_server_stop(server);
    evprof_free(prof);
    test_folder_remove(folder);
}

static int
ask(const char *path, const char *headers)
{
    test_request_t request = { .port = test_server_port(server),
                               .path = path,
                               .headers = headers };
    return test_get(&request, &reply);
}

static int
ask_from(const char *from)
{
    test_request_t request = { .port = test_server_port(server),
                               .from = from,
                               .path = "cmdline" };
    return test_get(&request, &reply);
}

static void
test_default(void **state)
{
    (void)state;
    start("");
    assert_int_equal(ask("cmdline", NULL), 200);
    assert_int_equal(ask("", NULL), 200);
    assert_int_equal(ask("cmdline", "X-Forwarded-For: 127.0.0.1\r\n"), 403);
    assert_non_null(strstr(reply.text, "came through a proxy"));
    assert_non_null(strstr(reply.text, "X-Go-Pprof: 1\r\n"));
    assert_int_equal(ask("cmdline", "Host: evil.example\r\n"), 403);
    assert_non_null(strstr(reply.text, "server_name"));
    assert_int_equal(ask("cmdline", "Sec-Fetch-Site: cross-site\r\n"), 403);
    assert_int_equal(ask("cmdline", "Origin: http://evil.example\r\n"), 403);
    assert_int_equal(ask("cmdline", "Sec-Fetch-Site: none\r\n"), 200);
    end_all();
}

static void
test_addresses(void **state)
{
    (void)state;
    start("deny 127.0.0.2; allow 127.0.0.0/8; deny all;"
          "profile cmdline { deny 127.0.0.3; allow all; }"
          "profile cpu off;");
    assert_int_equal(ask_from("127.0.0.1"), 200);
    assert_int_equal(ask_from("127.0.0.2"), 200);
    assert_int_equal(ask_from("127.0.0.3"), 403);
    test_request_t index = { .port = test_server_port(server),
                             .from = "127.0.0.2",
                             .path = "" };
    assert_int_equal(test_get(&index, &reply), 403);
    index.from = "127.0.0.3";
    assert_int_equal(test_get(&index, &reply), 200);
    index.path = "/debug/pprof";
    assert_int_equal(test_get(&index, &reply), 301);
    index.from = "127.0.0.2";
    assert_int_equal(test_get(&index, &reply), 403);
    assert_int_equal(ask("profile?seconds=1", NULL), 404);
    end_all();
}

/* A proxy that adds a line of its own leaves the client's before it. */
static void
test_repeated_header(void **state)
{
    (void)state;
    start("trusted_proxy 127.0.0.1; real_ip_header X-Forwarded-For;"
          "allow 10.0.0.0/8; deny all;");
    assert_int_equal(ask("cmdline", "X-Forwarded-For: 192.0.2.1\r\n"
                                    "X-Forwarded-For: 10.1.1.1\r\n"),
                     200);
    assert_int_equal(ask("cmdline", "X-Forwarded-For: 10.1.1.1\r\n"
                                    "x-forwarded-for: 192.0.2.1\r\n"),
                     403);
    end_all();
}

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
test_credentials(void **state)
{
    (void)state;
    start("auth_basic 'the realm'; auth_basic_user_file users;"
          "auth_bearer_file tokens;");
    assert_int_equal(ask("cmdline", NULL), 401);
    assert_non_null(strstr(reply.text, "WWW-Authenticate: Basic realm=\"the "
                                       "realm\", charset=\"UTF-8\"\r\n"));
    assert_non_null(
        strstr(reply.text, "WWW-Authenticate: Bearer realm=\"the realm\"\r\n"));
    assert_int_equal(ask("cmdline", USER), 200);
    assert_int_equal(ask("cmdline", USER), 200);
    assert_int_equal(ask("cmdline", TOKEN), 200);
    assert_int_equal(ask("", TOKEN), 200);
    assert_int_equal(ask("profile?seconds=1", TOKEN), 200);
    /* Proxies are no concern where a credential is asked for. */
    assert_int_equal(ask("cmdline", TOKEN "Via: x\r\n"), 200);
    int64_t before = now_ms();
    assert_int_equal(ask("cmdline", WRONG), 401);
    assert_true(now_ms() - before >= 900);
    assert_non_null(strstr(reply.text, "WWW-Authenticate: Basic"));
    assert_null(strstr(reply.text, "plum"));
    end_all();
}

static void
base64(const char *text, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (; *text != '\0'; text += 3) {
        unsigned long bits = (unsigned long)(unsigned char)text[0] << 16 |
                             (unsigned long)(unsigned char)text[1] << 8 |
                             (unsigned char)text[2];
        for (int shift = 18; shift >= 0; shift -= 6) {
            *out++ = digits[bits >> shift & 63];
        }
    }
    *out = '\0';
}

/* Guess number `i` of a user's password, as a request in flight. */
static int
guess(int i)
{
    char text[16];
    char encoded[32];
    char header[96];
    snprintf(text, sizeof(text), "ann:plum%04d", i); /* a multiple of three */
    base64(text, encoded);
    snprintf(header, sizeof(header), "Authorization: Basic %s\r\n", encoded);
    test_request_t request = { .port = test_server_port(server),
                               .path = "cmdline",
                               .headers = header };
    return test_send(&request);
}

/* Of one address two guesses wait together; the rest comes again. Who knows the
 * password, or has a token, is served meanwhile. */
static void
test_guessing(void **state)
{
    enum { GUESSES = 40, HONEST = 10 };
    (void)state;
    int fds[GUESSES];
    int refused = 0;
    int overrun = 0;
    start("auth_basic r; auth_basic_user_file users;"
          "auth_bearer_file tokens;");
    /* A file that has just been written is not remembered yet. */
    for (int64_t end_ms = now_ms() + 100; now_ms() < end_ms;) {
        assert_int_equal(ask("cmdline", USER), 200);
    }
    for (int i = 0; i < GUESSES; i++) {
        fds[i] = guess(i);
    }
    for (int i = 0; i < HONEST; i++) {
        assert_int_equal(ask("cmdline", USER), 200);
        assert_int_equal(ask("cmdline", TOKEN), 200);
    }
    for (int i = 0; i < GUESSES; i++) {
        int status = test_receive(fds[i], &reply);
        refused += status == 401;
        overrun += status == 429;
        if (status == 429) {
            assert_non_null(strstr(reply.text, "Retry-After: "));
        }
    }
    assert_int_equal(refused + overrun, GUESSES);
    assert_true(refused >= 2);
    assert_true(overrun >= GUESSES - 8);
    end_all();
}

/* A scraper's first requests all come at once, with one password. */
static void
test_one_password_at_once(void **state)
{
    enum { REQUESTS = 8 };
    (void)state;
    int fds[REQUESTS];
    start("auth_basic r; auth_basic_user_file users;");
    test_request_t request = { .port = test_server_port(server),
                               .path = "cmdline",
                               .headers = USER };
    for (int i = 0; i < REQUESTS; i++) {
        fds[i] = test_send(&request);
    }
    for (int i = 0; i < REQUESTS; i++) {
        assert_int_equal(test_receive(fds[i], &reply), 200);
    }
    end_all();
}

/* A client that leaves, and a server that stops, in the middle of a check. */
static void
test_left_alone(void **state)
{
    (void)state;
    start("auth_basic r; auth_basic_user_file users;");
    test_request_t request = { .port = test_server_port(server),
                               .path = "cmdline",
                               .headers = WRONG };
    close(test_send(&request));
    assert_int_equal(ask("cmdline", USER), 200);
    int fd = test_send(&request);
    test_request_t plain = { .port = test_server_port(server),
                             .path = "cmdline" };
    assert_int_equal(test_get(&plain, &reply), 401);
    evprof_free(prof);
    assert_int_equal(test_receive(fd, &reply), 503);
    test_server_stop(server);
    test_folder_remove(folder);
}

static void
test_satisfy(void **state)
{
    (void)state;
    start("satisfy any; allow 127.0.0.2; auth_bearer_file tokens;");
    assert_int_equal(ask_from("127.0.0.2"), 200);
    assert_int_equal(ask_from("127.0.0.1"), 401);
    assert_int_equal(ask("cmdline", TOKEN), 200);
    end_all();
    start("allow 127.0.0.2; deny all; auth_bearer_file tokens;");
    assert_int_equal(ask_from("127.0.0.2"), 401);
    assert_int_equal(ask("cmdline", TOKEN), 403);
    end_all();
}

static int
veto(struct evhttp_request *req, void *ctx)
{
    (void)req;
    return *(int *)ctx;
}

static void
test_veto(void **state)
{
    (void)state;
    int answer = 1;
    start("auth_bearer_file tokens; status off;");
    evprof_evhttp_set_authorize(prof, veto, &answer);
    assert_int_equal(ask("cmdline", TOKEN), 403);
    assert_non_null(strstr(reply.text, "the application refused"));
    answer = 0;
    assert_int_equal(ask("cmdline", TOKEN), 200);
    assert_int_equal(ask("cmdline", NULL), 401);
    assert_int_equal(ask("status", TOKEN), 404);
    evprof_evhttp_set_authorize(prof, NULL, NULL);
    end_all();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_guessing),
        cmocka_unit_test(test_one_password_at_once),
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_satisfy),
        cmocka_unit_test(test_veto),
        cmocka_unit_test(test_repeated_header),
    };
    return cmocka_run_group_tests_name("access over HTTP", tests, NULL, NULL);
}
