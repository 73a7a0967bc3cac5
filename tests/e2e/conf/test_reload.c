/* SPDX-License-Identifier: Apache-2.0 */
/* A running server whose file changes. */
#include <dirent.h>
#include <evprof/evhttp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/conf/http.h"

static char *folder;
static evprof_t *prof;
static test_server_t *server;
static test_reply_t reply;

static void
start(const char *text)
{
    folder = test_folder();
    prof = test_profiler(folder, text);
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
ask(const char *path)
{
    test_request_t request = { .port = test_server_port(server), .path = path };
    return test_get(&request, &reply);
}

static int
reload(const char *text, evprof_error_t *err)
{
    test_file(folder, "conf", text);
    return evprof_reload(prof, err);
}

static void
test_switching(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    start("pprof { profile cmdline off; }");
    assert_int_equal(ask("cmdline"), 404);
    assert_int_equal(reload("", &err), 0);
    assert_int_equal(ask("cmdline"), 200);
    assert_int_equal(reload("pprof { deny all; }", &err), 0);
    assert_int_equal(ask("cmdline"), 403);
    assert_int_equal(reload("pprof { max_seconds 2; profile cpu off; }", &err),
                     0);
    assert_int_equal(ask("profile?seconds=1"), 404);
    assert_null(evprof_lookup(prof, "cpu"));
    assert_int_equal(reload("pprof { max_seconds 2; }", &err), 0);
    assert_int_equal(ask("profile?seconds=3"), 400);
    assert_int_equal(ask("profile?seconds=1"), 200);
    end_all();
}

static int
count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

/* What is switched off stops at once, and what was never on makes nothing. */
static void
test_off_costs_nothing(void **state)
{
    static const char off[] =
        "pprof { profile cpu off; profile heap off; profile allocs off;"
        " profile block off; profile mutex off; profile goroutine off;"
        " profile threadcreate off; profile wall off; profile cmdline off;"
        " profile symbol off; }";
    (void)state;
    evprof_error_t err = { 0 };
    int threads = count_threads();
    start(off);
    assert_int_equal(count_threads(), threads + 1); /* the test's server */
    assert_int_equal(ask("mutex"), 404);
    assert_int_equal(count_threads(), threads + 1);
    assert_int_equal(reload("pprof { profile mutex { fraction 7; } }", &err),
                     0);
    assert_int_equal(evprof_set_mutex_fraction(prof, -1), 7);
    assert_int_equal(reload(off, &err), 0);
    assert_int_equal(evprof_set_mutex_fraction(prof, 3), EVPROF_EOFF);
    assert_int_equal(reload("", &err), 0);
    assert_int_equal(evprof_set_mutex_fraction(prof, -1), 0);
    end_all();
}

/* What is wrong with a file is said, and the old one stays. */
static void
test_bad_file(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    char expected[256];
    start("pprof { profile cmdline off; }");
    assert_int_equal(reload("pprof { profile cmdlin on; }", &err),
                     EVPROF_EPARSE);
    snprintf(expected, sizeof(expected),
             "%s/conf:1:9: \"profile\" cmdlin is unknown; did you mean "
             "\"cmdline\"?",
             folder);
    assert_string_equal(err.message, expected);
    assert_int_equal(ask("cmdline"), 404);
    assert_int_equal(ask(""), 200);
    snprintf(expected, sizeof(expected), "%s/conf", folder);
    assert_int_equal(unlink(expected), 0);
    assert_int_equal(evprof_reload(prof, &err), EVPROF_EIO);
    assert_int_equal(ask("cmdline"), 404);
    end_all();
}

/* A daemon leaves its folder: what the file names is still found. */
static void
test_other_folder(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    char before[256];
    assert_non_null(getcwd(before, sizeof(before)));
    folder = test_folder();
    test_file(folder, "tokens", "token-of-mine\n");
    test_file(folder, "part", "profile mutex off;");
    test_file(folder, "conf",
              "pprof { auth_bearer_file tokens; include part; }");
    assert_int_equal(chdir(folder), 0);
    prof = evprof_new("conf", &err);
    assert_non_null(prof);
    assert_int_equal(chdir(before), 0);
    server = test_server_start(prof);
    test_request_t request = { .port = test_server_port(server),
                               .path = "cmdline",
                               .headers = "Authorization: Bearer "
                                          "token-of-mine\r\n" };
    assert_int_equal(test_get(&request, &reply), 200);
    assert_int_equal(evprof_reload(prof, &err), 0);
    assert_int_equal(test_get(&request, &reply), 200);
    request.path = "mutex";
    assert_int_equal(test_get(&request, &reply), 404);
    end_all();
}

static void
test_fixed(void **state)
{
    static const char *const rows[][2] = {
        { "pprof { prefix /other/; profile cmdline off; }", "prefix" },
        { "listen 127.0.0.1:0;", "listen" },
        { "reload_signal USR1;", "reload_signal" },
        { "pprof { ui on; }", "ui" },
        { "pprof { ui_source on; }", "ui_source" },
    };
    (void)state;
    evprof_error_t err = { 0 };
    start("");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[256];
        assert_int_equal(reload(rows[i][0], &err), EVPROF_ESTATE);
        snprintf(expected, sizeof(expected),
                 "reload: \"%s\" cannot change while the server runs: restart "
                 "it, or take the change back",
                 rows[i][1]);
        assert_string_equal(err.message, expected);
        assert_int_equal(ask("cmdline"), 200);
    }
    end_all();
}

static void
test_no_file(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    prof = evprof_new(NULL, &err);
    assert_int_equal(evprof_reload(prof, &err), EVPROF_ESTATE);
    assert_non_null(strstr(err.message, "there is no configuration file"));
    evprof_free(prof);
    assert_int_equal(evprof_reload(prof, &err), EVPROF_ESTATE);
}

/* A window that is open ends as it began; the next request sees the change. */
static void
test_in_flight(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    start("");
    test_request_t request = { .port = test_server_port(server),
                               .path = "profile?seconds=1" };
    int fd = test_send(&request);
    /* Another rate is refused once the window is open. */
    while (ask("profile?seconds=1&rate=99") != 500) {
    }
    assert_int_equal(reload("pprof { profile cpu off; }", &err), 0);
    assert_int_equal(ask("profile?seconds=1"), 404);
    assert_int_equal(test_receive(fd, &reply), 200);
    assert_int_equal(reload("pprof { profile cpu { rate 50; } }", &err), 0);
    assert_int_equal(ask("profile?seconds=1"), 200);
    end_all();
}

/* Requests and reloads at once: each request sees one file or the other. */
static void *
keep_asking(void *arg)
{
    atomic_int *odd = arg;
    for (int i = 0; i < 200; i++) {
        test_request_t request = { .port = test_server_port(server),
                                   .path = "cmdline" };
        test_reply_t *own = malloc(sizeof(*own));
        int status = own == NULL ? 0 : test_get(&request, own);
        if (status != 200 && status != 403 && status != 404) {
            atomic_fetch_add(odd, 1);
        }
        free(own);
    }
    return NULL;
}

static void
test_storm(void **state)
{
    static const char *const files[] = { "", "pprof { deny all; }",
                                         "pprof { profile cmdline off; }" };
    (void)state;
    atomic_int odd = 0;
    pthread_t asking;
    start("");
    assert_int_equal(pthread_create(&asking, NULL, keep_asking, &odd), 0);
    for (int i = 0; i < 60; i++) {
        evprof_error_t err = { 0 };
        int status = reload(files[i % 3], &err);
        if (status != EVPROF_OK) {
            fail_msg("%s", err.message);
        }
    }
    pthread_join(asking, NULL);
    assert_int_equal(odd, 0);
    end_all();
}

static void
test_log(void **state)
{
    (void)state;
    char path[256];
    char text[1024] = "";
    evprof_error_t err;
    start("pprof { log said info; }");
    assert_int_equal(reload("pprof { log said info; labels off; }", &err), 0);
    assert_int_equal(reload("x;", &err), EVPROF_EPARSE);
    snprintf(path, sizeof(path), "%s/said", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(text, "info: configuration reloaded\n"));
    assert_non_null(strstr(text, "conf:1:1: \"x\" is unknown\n"));
    end_all();
}

/* ---- reload_signal ---- */

static void
wait_for(const char *path, int status)
{
    while (ask(path) != status) {
    }
}

static void
test_signal(void **state)
{
    (void)state;
    start("reload_signal SIGUSR1; pprof { profile cmdline off; }");
    assert_int_equal(ask("cmdline"), 404);
    test_file(folder, "conf", "reload_signal SIGUSR1;");
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    wait_for("cmdline", 200);
    test_file(folder, "conf", "reload_signal SIGUSR1; pprof { deny all; }");
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    wait_for("cmdline", 403);
    end_all();
}

/* A worker that was forked off reloads as well, once it serves anything. */
static void
test_signal_after_fork(void **state)
{
    (void)state;
    TEST_SKIP_UNDER_TSAN();
    int status;
    folder = test_folder();
    prof = test_profiler(folder, "reload_signal USR1;");
    pid_t child = fork();
    if (child == 0) {
        server = test_server_start(prof);
        assert_int_equal(ask("cmdline"), 200);
        test_file(folder, "conf", "reload_signal USR1; pprof { deny all; }");
        kill(getpid(), SIGUSR1);
        wait_for("cmdline", 403);
        test_server_stop(server);
        evprof_free(prof);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    evprof_free(prof);
    test_folder_remove(folder);
}

static void
on_signal(int number)
{
    (void)number;
}

static void *
unblock(void *arg)
{
    sigset_t set;
    char byte;
    int *pipes = arg;
    sigemptyset(&set);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    return read(pipes[2], &byte, 1) == 0 ? NULL : arg;
}

static void
expect_refused(const char *sentence)
{
    evprof_error_t err = { 0 };
    char *path = test_file(folder, "conf", "reload_signal USR2;");
    assert_null(evprof_new(path, &err));
    assert_int_equal(err.status, EVPROF_ESTATE);
    if (strstr(err.message, sentence) == NULL) {
        fail_msg("%s", err.message);
    }
    /* The mask is as it was. */
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_false(sigismember(&now, SIGUSR2));
}

static void
test_signal_refused(void **state)
{
    (void)state;
    int pipes[4];
    char byte;
    pthread_t thread;
    folder = test_folder();
    signal(SIGUSR2, on_signal);
    expect_refused("reload_signal USR2: the application has a handler for it");
    signal(SIGUSR2, SIG_DFL);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(pipe(pipes + 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, unblock, pipes), 0);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    expect_refused("does not block it; call evprof_new() before threads");
    close(pipes[3]);
    pthread_join(thread, NULL);
    close(pipes[0]);
    close(pipes[1]);
    close(pipes[2]);
    test_folder_remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switching),
        cmocka_unit_test(test_bad_file),
        cmocka_unit_test(test_off_costs_nothing),
        cmocka_unit_test(test_other_folder),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_in_flight),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_signal_after_fork),
        cmocka_unit_test(test_signal_refused),
    };
    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
