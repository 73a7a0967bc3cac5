/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "tests/e2e/push/engine.h"

static engine_t engine;
static evprof_t *prof;
static char folder[32];
static _Atomic bool is_over;

static int count_files(const char *part);

/* Keeps the loop until that has been noticed. */
__attribute__((noinline)) static void
on_stuck(struct evhttp_request *req, void *unused)
{
    (void)unused;
    for (int i = 0; i < 3000 && count_files("-latency-goroutine") == 0; i++) {
        poll(NULL, 0, 10);
    }
    evhttp_send_reply(req, 200, NULL, NULL);
}

static void
answer_late(evutil_socket_t fd, short what, void *req)
{
    (void)fd;
    (void)what;
    evhttp_send_reply(req, 200, NULL, NULL);
}

/* Does not keep the loop, but lets its client wait. */
static void
on_later(struct evhttp_request *req, void *unused)
{
    const struct timeval delay = { .tv_usec = 300000 };
    (void)unused;
    event_base_once(engine.server.base, -1, EV_TIMEOUT, answer_late, req,
                    &delay);
}

static void
on_quick(struct evhttp_request *req, void *unused)
{
    (void)unused;
    evhttp_send_reply(req, 200, NULL, NULL);
}

static void
start_with(const char *watch, bool pushes)
{
    char path[] = "/tmp/evprof_watch_conf_XXXXXX";
    evprof_error_t err = { .status = 0 };
    strcpy(folder, "/tmp/evprof_watch_XXXXXX");
    assert_non_null(mkdtemp(folder));
    engine_open(&engine);
    FILE *file = fdopen(mkstemp(path), "w");
    (void)fprintf(file,
                  "pprof { log %s/log; profile cpu { max_seconds 1; } }\n"
                  "watch { every 1s; write %s; %s }\n",
                  folder, folder, watch);
    if (pushes) {
        (void)fprintf(file,
                      "push { url http://127.0.0.1:%d; every 1h; "
                      "profiles mutex; label service_name shop; }\n",
                      engine.server.port);
    }
    (void)fclose(file);
    prof = evprof_new(path, &err);
    unlink(path);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(evprof_evhttp_mount(prof, engine.server.http, NULL), 0);
    evhttp_set_cb(engine.server.http, "/stuck", on_stuck, NULL);
    evhttp_set_cb(engine.server.http, "/later", on_later, NULL);
    evhttp_set_cb(engine.server.http, "/quick", on_quick, NULL);
    engine_run(&engine);
}

static void
stop_all(void)
{
    char command[64];
    evprof_free(prof);
    engine_close(&engine);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* How many files have that in their names. */
static int
count_files(const char *part)
{
    DIR *dir = opendir(folder);
    int count = 0;
    const struct dirent *file;
    assert_non_null(dir);
    while ((file = readdir(dir)) != NULL) {
        count += file->d_name[0] == 'e' && strstr(file->d_name, part) != NULL;
    }
    closedir(dir);
    return count;
}

static void
await_files(const char *part, int least)
{
    for (int i = 0; i < 3000 && count_files(part) < least; i++) {
        poll(NULL, 0, 10);
    }
    assert_true(count_files(part) >= least);
}

static char log_text[65536];

static bool
log_has(const char *part)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/log", folder);
    int fd = open(path, O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, log_text, sizeof(log_text) - 1);
    close(fd);
    log_text[len > 0 ? len : 0] = '\0';
    return strstr(log_text, part) != NULL;
}

static void *
burn(void *unused)
{
    while (!atomic_load(&is_over)) {
    }
    return unused;
}

static void
test_a_busy_process_is_profiled(void **state)
{
    (void)state;
    pthread_t burner;
    reply_t reply;
    start_with("cpu 10% 1s;", false);
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&burner, NULL, burn, NULL), 0);
    await_files("-cpu-cpu.pb.gz", 1);
    await_files("-cpu-goroutine.pb.gz", 1);
    for (int i = 0; i < 1000 && !log_has("watch: "); i++) {
        poll(NULL, 0, 10);
    }
    assert_true(log_has("% of a CPU were used over"));
    assert_true(log_has("wrote evprof-watch-"));
    client_ask(engine.server.port, "GET /debug/pprof/", NULL, NULL, &reply);
    assert_non_null(strstr(reply.body, "% of a CPU were used over"));
    reply_free(&reply);
    client_ask(engine.server.port, "GET /debug/pprof/status", NULL, NULL,
               &reply);
    assert_non_null(strstr(reply.body, "watch.moments: "));
    reply_free(&reply);
    atomic_store(&is_over, true);
    pthread_join(burner, NULL);
    stop_all();
}

static void
test_it_stays_within_its_bounds(void **state)
{
    (void)state;
    start_with("rss 1m; keep 3 8m;", false);
    /* Sets of two or three files, one after the other. */
    char first[64] = "";
    int sets = 0;
    for (int i = 0; i < 3000 && sets < 3; i++) {
        struct dirent **list = NULL;
        int count = scandir(folder, &list, NULL, alphasort);
        int ours = 0;
        for (int k = 0; k < count; k++) {
            if (list[k]->d_name[0] == 'e') {
                ours++;
                if (ours == 1 && strcmp(first, list[k]->d_name) != 0) {
                    (void)snprintf(first, sizeof(first), "%.63s",
                                   list[k]->d_name);
                    sets++;
                }
            }
            free(list[k]);
        }
        free(list);
        assert_in_range(ours, 0, 3);
        poll(NULL, 0, 20);
    }
    assert_true(sets >= 3);
    stop_all();
}

static void
test_it_is_pushed_too(void **state)
{
    (void)state;
    start_with("threads 1; push on;", true);
    engine_await(&engine, "goroutine", 1);
    engine_await(&engine, "process_cpu", 1);
    engine_profile_t one = engine_profile(&engine, "process_cpu", 0);
    assert_string_equal(engine_label(&one, "service_name"), "shop");
    stop_all();
}

static void
ask(const char *request)
{
    reply_t reply;
    client_ask(engine.server.port, request, NULL, NULL, &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
}

/* Asks until the watch has it in its log; false: it never had. */
static bool
log_gets(const char *request, const char *part)
{
    for (int i = 0; i < 200 && !log_has(part); i++) {
        ask(request);
        poll(NULL, 0, 50);
    }
    if (!log_has(part)) {
        print_message("%s", log_text);
    }
    return log_has(part);
}

static void
test_a_slow_request_is_noticed(void **state)
{
    (void)state;
    start_with("latency 100ms;", false);
    assert_true(log_gets("GET /later", " latency: GET /later took "));
    stop_all();
}

/* While it is there: afterwards nobody could see where the loop was. */
static void
test_a_stuck_loop_is_noticed(void **state)
{
    (void)state;
    start_with("latency 200ms;", false);
    /* The watch may not have said yet that it wants to know. */
    assert_true(log_gets("GET /stuck", " latency: /stuck has kept its loop"));
    stop_all();
}

/* A request for a profile is as long as it was asked to be. */
static void
test_profiles_are_no_slow_requests(void **state)
{
    (void)state;
    start_with("latency 500ms;", false);
    ask("GET /quick");
    ask("GET /debug/pprof/mutex?seconds=2");
    ask("GET /debug/pprof/mutex?seconds=2");
    assert_false(log_has(" latency: GET /debug"));
    stop_all();
}

/* CPU time of the watching thread in ns; -1: there is none. */
static int64_t
watcher_ns(void)
{
    int64_t found = -1;
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *task;
    assert_non_null(dir);
    while ((task = readdir(dir)) != NULL) {
        char path[300];
        char text[64] = "";
        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
                       task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL || fgets(text, sizeof(text), file) == NULL ||
            strcmp(text, "evprof-watch\n") != 0) {
            if (file != NULL) {
                (void)fclose(file);
            }
            continue;
        }
        (void)fclose(file);
        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat",
                       task->d_name);
        file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(text, sizeof(text), file));
        (void)fclose(file);
        found = strtoll(text, NULL, 10);
    }
    closedir(dir);
    return found;
}

static void
test_it_costs_nothing_when_nothing_happens(void **state)
{
    (void)state;
    start_with("cpu 10000% 10s; rss 1000g; rss_growth 10000% 1m; "
               "threads 100000;",
               false);
    while (watcher_ns() < 0) {
        poll(NULL, 0, 10);
    }
    int64_t before_ns = watcher_ns();
    poll(NULL, 0, 3100);
    int64_t used_ns = watcher_ns() - before_ns;
    print_message("%lld us a look\n", (long long)used_ns / 3000);
    /* A thousandth of a CPU would be 3.1 ms; sanitizers are slow. */
    assert_in_range(used_ns, 1000, 3100000);
    assert_int_equal(count_files(".pb.gz"), 0);
    stop_all();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_busy_process_is_profiled),
        cmocka_unit_test(test_it_stays_within_its_bounds),
        cmocka_unit_test(test_it_is_pushed_too),
        cmocka_unit_test(test_a_slow_request_is_noticed),
        cmocka_unit_test(test_a_stuck_loop_is_noticed),
        cmocka_unit_test(test_profiles_are_no_slow_requests),
        cmocka_unit_test(test_it_costs_nothing_when_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
