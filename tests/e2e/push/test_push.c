/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pushed arrives: all of it, once, with its labels, in each way; also
 * through an outage, a storm of 429, and from one life of the program to the
 * next.
 */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "tests/e2e/push/engine.h"
#include "tests/e2e/push/grpc.h"

static engine_t engine;
static evprof_t *prof;
static _Atomic bool is_over;
static char folder[] = "/tmp/evprof_push_XXXXXX";
static char log_file[] = "/tmp/evprof_push_log_XXXXXX";

__attribute__((noinline)) static void *
burn_for_push(void *unused)
{
    while (!atomic_load(&is_over)) {
    }
    return unused;
}

/* The profiler with this push block beside the engine's address. */
static void
start_at(unsigned short port, const char *push)
{
    char path[] = "/tmp/evprof_push_conf_XXXXXX";
    evprof_error_t err = { .status = 0 };
    FILE *file = fdopen(mkstemp(path), "w");
    (void)fprintf(file, "pprof { log %s; }\n", log_file);
    (void)fprintf(file, "push { url http://127.0.0.1:%d/; every 1s; %s }\n",
                  port, push);
    (void)fclose(file);
    prof = evprof_new(path, &err);
    unlink(path);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
}

static void
start_with(const char *push)
{
    start_at(engine.server.port, push);
}

/* A number of the status page. */
static long
status_of(const char *name)
{
    reply_t reply;
    client_ask(engine.server.port, "GET /debug/pprof/status", NULL, NULL,
               &reply);
    assert_int_equal(reply.code, 200);
    const char *at = strstr(reply.body, name);
    assert_non_null(at);
    long value = strtol(at + strlen(name) + 2, NULL, 10);
    reply_free(&reply);
    return value;
}

static void
open_all(const char *push)
{
    engine_open(&engine);
    start_with(push);
    assert_int_equal(evprof_evhttp_mount(prof, engine.server.http, NULL), 0);
    engine_run(&engine);
}

static void
close_all(void)
{
    evprof_free(prof);
    engine_close(&engine);
}

/* ---- What arrives ---- */

static void
test_windows_follow_each_other(void **state)
{
    (void)state;
    pthread_t burner;
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&burner, NULL, burn_for_push, NULL), 0);
    open_all("profiles cpu goroutine; label service_name shop; label zone b; "
             "header \"X-Scope-OrgID: tenant\";");
    engine_await(&engine, "process_cpu", 3);
    engine_await(&engine, "goroutine", 2);
    engine_profile_t last = engine_profile(&engine, "process_cpu", 0);
    assert_string_equal(last.way, "push");
    assert_string_equal(last.header, "tenant");
    assert_string_equal(engine_label(&last, "service_name"), "shop");
    assert_string_equal(engine_label(&last, "zone"), "b");
    assert_non_null(strchr(engine_label(&last, "instance"), ':'));
    assert_int_equal(strlen(last.id), 36);
    assert_true(last.has_burner);
    const int64_t began_ns = last.time_ns;
    for (int i = 1; i < 3; i++) {
        engine_profile_t next = engine_profile(&engine, "process_cpu", i);
        int64_t gap_ns = next.time_ns - (last.time_ns + last.duration_ns);
        /* The next window is open before the last one is closed. */
        assert_true(gap_ns < 10000000);
        /* One that begins late, on a busy machine, ends in time. */
        assert_true(next.time_ns + next.duration_ns - began_ns >
                    (i + 1) * INT64_C(500000000));
        assert_true(next.sums[0] > 0 &&
                    next.sums[1] == next.sums[0] * 10000000);
        last = next;
    }
    assert_true(engine_sum(&engine, "goroutine", 0) > 0);
    atomic_store(&is_over, true);
    pthread_join(burner, NULL);
    close_all();
}

static pthread_mutex_t contended = PTHREAD_MUTEX_INITIALIZER;

static void *
wait_for_lock(void *unused)
{
    pthread_mutex_lock(&contended);
    pthread_mutex_unlock(&contended);
    return unused;
}

/* One wait, whose unlock is recorded for certain. */
static void
contend(void)
{
    pthread_t waiter;
    pthread_mutex_lock(&contended);
    assert_int_equal(pthread_create(&waiter, NULL, wait_for_lock, NULL), 0);
    poll(NULL, 0, 30);
    pthread_mutex_unlock(&contended);
    pthread_join(waiter, NULL);
}

/* What the profile says of the time since the start. */
static int64_t
count_waits(void)
{
    reply_t reply;
    engine_profile_t profile = { .way = "" };
    client_ask(engine.server.port, "GET /debug/pprof/mutex", NULL, NULL,
               &reply);
    assert_int_equal(reply.code, 200);
    engine_read(reply.body, reply.body_len, &profile);
    reply_free(&reply);
    return profile.sums[0];
}

/* What happens before a push, between two, and after is in one of them. */
static void
test_differences_add_up(void **state)
{
    (void)state;
    open_all("profiles mutex;");
    engine_await(&engine, "mutex", 1);
    int64_t before = count_waits();
    evprof_set_mutex_fraction(NULL, 1);
    while (engine_count(&engine, "mutex") < 4) {
        contend();
    }
    evprof_set_mutex_fraction(NULL, 0);
    int64_t waits = count_waits() - before;
    int pushed = engine_count(&engine, "mutex");
    engine_await(&engine, "mutex", pushed + 2);
    int64_t counted = engine_sum(&engine, "mutex", 0);
    print_message("%lld waits, %lld in %d pushes\n", (long long)waits,
                  (long long)counted, engine_count(&engine, "mutex"));
    assert_true(waits > 0);
    assert_int_equal(counted, waits);
    close_all();
}

/* ---- When the engine is not there ---- */

static void
await_status(const char *name, long least)
{
    for (int i = 0; i < 3000 && status_of(name) < least; i++) {
        poll(NULL, 0, 10);
    }
    assert_true(status_of(name) >= least);
}

/* All that were taken have come, each once. */
static void
check_all_came(const char *name)
{
    long taken = status_of("push.profiles_taken");
    engine_await(&engine, name, (int)taken);
    assert_int_equal(status_of("push.profiles_dropped"), 0);
    assert_int_equal(status_of("push.profiles_refused"), 0);
    int count = engine_count(&engine, name);
    for (int i = 0; i < count; i++) {
        engine_profile_t one = engine_profile(&engine, name, i);
        for (int k = 0; k < i; k++) {
            engine_profile_t other = engine_profile(&engine, name, k);
            assert_int_not_equal(one.time_ns, other.time_ns);
            if (one.id[0] != '\0') {
                assert_string_not_equal(one.id, other.id);
            }
        }
    }
}

static void
test_a_storm_loses_nothing(void **state)
{
    (void)state;
    open_all("profiles cpu;");
    engine_refuse(&engine, 429, "1");
    await_status("push.profiles_taken", 2);
    engine_refuse(&engine, 503, NULL);
    await_status("push.profiles_taken", 4);
    assert_int_equal(engine_count(&engine, "process_cpu"), 0);
    /* It backs off: a storm of its own would be worse. */
    assert_in_range(engine_refused(&engine), 2, 30);
    assert_true(status_of("push.profiles_waiting") >= 3);
    engine_refuse(&engine, 0, NULL);
    check_all_came("process_cpu");
    close_all();
}

/* An engine that is not there, a proxy's error page, a login page. */
static void
test_a_wrong_address_loses_nothing(void **state)
{
    (void)state;
    open_all("profiles goroutine;");
    engine_refuse(&engine, 404, NULL);
    await_status("push.profiles_taken", 1);
    await_status("push.attempts_failed", 1);
    engine_refuse(&engine, 302, NULL);
    await_status("push.attempts_failed", status_of("push.attempts_failed") + 2);
    engine_refuse(&engine, 200, NULL);
    await_status("push.attempts_failed", status_of("push.attempts_failed") + 2);
    assert_int_equal(engine_count(&engine, "goroutine"), 0);
    engine_refuse(&engine, 0, NULL);
    check_all_came("goroutine");
    close_all();
}

static void
test_what_is_refused_blocks_nobody(void **state)
{
    (void)state;
    open_all("profiles goroutine;");
    engine_refuse(&engine, 422, NULL);
    await_status("push.profiles_refused", 1);
    engine_refuse(&engine, 0, NULL);
    engine_await(&engine, "goroutine", 1);
    close_all();
}

/* The status page says what each of its numbers is. */
static void
test_numbers_are_explained(void **state)
{
    (void)state;
    reply_t reply;
    int rows = 0;
    open_all("profiles goroutine;");
    client_ask(engine.server.port, "GET /debug/pprof/status?format=html", NULL,
               NULL, &reply);
    assert_int_equal(reply.code, 200);
    for (const char *at = reply.body; (at = strstr(at, "<code>push.")) != NULL;
         at++) {
        const char *end = strstr(at, "</tr>");
        assert_non_null(end);
        rows++;
        if (strncmp(end - 9, "<td></td>", 9) == 0) {
            fail_msg("%.*s", (int)(end - at), at);
        }
    }
    assert_true(rows >= 9);
    reply_free(&reply);
    close_all();
}

/* One at which the engine fails for ever lets all others pass, and goes. */
static void
test_what_is_poisonous_is_set_aside(void **state)
{
    (void)state;
    open_all("profiles goroutine cpu mutex;");
    engine_await(&engine, "goroutine", 1);
    engine_poison(&engine);
    await_status("push.profiles_set_aside", 1);
    int count = engine_count(&engine, "goroutine");
    assert_true(count > 1);
    engine_await(&engine, "goroutine", count + 1);
    assert_int_equal(status_of("push.profiles_set_aside"), 1);
    assert_int_equal(status_of("push.profiles_dropped"), 0);
    close_all();
}

static int
count_files(const char *name)
{
    DIR *dir = opendir(name);
    int count = 0;
    const struct dirent *file;
    assert_non_null(dir);
    while ((file = readdir(dir)) != NULL) {
        count += strstr(file->d_name, ".push") != NULL;
    }
    closedir(dir);
    return count;
}

static void
test_the_spool_survives(void **state)
{
    (void)state;
    char push[256];
    char part[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(push, sizeof(push), "profiles goroutine; spool %s 8m;",
                   folder);
    (void)snprintf(part, sizeof(part), "%s/0", folder);
    open_all(push);
    engine_refuse(&engine, 500, NULL);
    await_status("push.profiles_taken", 3);
    evprof_free(prof);
    int left = count_files(part);
    assert_true(left >= 3);
    assert_int_equal(engine_count(&engine, "goroutine"), 0);
    /* The next life. */
    engine_refuse(&engine, 0, NULL);
    start_with(push);
    engine_await(&engine, "goroutine", left + 1);
    evprof_free(prof);
    engine_close(&engine);
    assert_int_equal(rmdir(folder), 0);
}

/* A worker that was killed has left a part, and one starts in its place while
 * the first part is another's. */
static void
test_the_dead_leave_nothing(void **state)
{
    (void)state;
    char spool[] = "/tmp/evprof_push_XXXXXX";
    char push[256];
    char from[64];
    char to[64];
    assert_non_null(mkdtemp(spool));
    (void)snprintf(push, sizeof(push), "profiles goroutine; spool %s 8m;",
                   spool);
    open_all(push);
    engine_refuse(&engine, 500, NULL);
    await_status("push.profiles_taken", 2);
    evprof_free(prof);
    (void)snprintf(from, sizeof(from), "%s/0", spool);
    (void)snprintf(to, sizeof(to), "%s/7", spool);
    int left = count_files(from);
    assert_true(left >= 2);
    assert_int_equal(rename(from, to), 0);
    engine_refuse(&engine, 0, NULL);
    start_with(push);
    engine_await(&engine, "goroutine", left + 1);
    evprof_free(prof);
    engine_close(&engine);
    assert_int_equal(rmdir(spool), 0);
}

/* ---- The end ---- */

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The windows that have come cover the time until then. */
static void
check_windows_until(int64_t end_ns)
{
    int count = engine_count(&engine, "process_cpu");
    engine_profile_t last = engine_profile(&engine, "process_cpu", count - 1);
    assert_true(last.time_ns + last.duration_ns >= end_ns);
}

static void
test_the_last_window_is_sent(void **state)
{
    (void)state;
    open_all("profiles cpu;");
    engine_await(&engine, "process_cpu", 1);
    int64_t end_ns = now_ns();
    evprof_free(prof);
    check_windows_until(end_ns);
    engine_close(&engine);
}

/* exit() is enough. */
static void
test_the_last_window_of_a_program_is_sent(void **state)
{
    (void)state;
    char conf[] = "/tmp/evprof_push_conf_XXXXXX";
    int ends[2];
    int status;
    engine_open(&engine);
    engine_run(&engine);
    FILE *file = fdopen(mkstemp(conf), "w");
    (void)fprintf(file,
                  "push { url http://127.0.0.1:%d/; every 1s; profiles cpu; }",
                  engine.server.port);
    (void)fclose(file);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[0], STDIN_FILENO);
        execl(PUSH_ONCE, PUSH_ONCE, conf, NULL);
        _exit(127);
    }
    close(ends[0]);
    engine_await(&engine, "process_cpu", 1);
    int64_t end_ns = now_ns();
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    check_windows_until(end_ns);
    unlink(conf);
    engine_close(&engine);
}

static void
check_log(const char *line)
{
    char text[8192] = "";
    FILE *file = fopen(log_file, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, line));
}

/* An engine that is away is not waited for; what is lost is said. */
static void
test_an_end_without_an_engine(void **state)
{
    (void)state;
    open_all("profiles goroutine;");
    engine_refuse(&engine, 503, NULL);
    await_status("push.attempts_failed", 1);
    int attempts = engine_refused(&engine);
    evprof_free(prof);
    assert_in_range(engine_refused(&engine), attempts, attempts + 1);
    engine_close(&engine);
    check_log("profiles were not sent: the process ends");
}

/* A port at which connections are taken and never answered. */
static int
open_mute(unsigned short *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* Ends the profiler while an attempt is under way that is never answered. Its
 * thread waits for that answer, so it holds one window, and the last is open.
 */
static void
end_during_an_attempt(const char *push)
{
    unsigned short port;
    int fd = open_mute(&port);
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    start_at(port, push);
    assert_int_equal(poll(&wait, 1, 30000), 1);
    evprof_free(prof);
    close(fd);
}

static void
test_an_end_during_an_attempt_spools(void **state)
{
    (void)state;
    char spool[] = "/tmp/evprof_push_XXXXXX";
    char push[256];
    char part[64];
    assert_non_null(mkdtemp(spool));
    (void)snprintf(push, sizeof(push), "profiles cpu; spool %s 8m;", spool);
    (void)snprintf(part, sizeof(part), "%s/0", spool);
    end_during_an_attempt(push);
    assert_int_equal(count_files(part), 2);
    /* The next life sends both. */
    engine_open(&engine);
    engine_run(&engine);
    start_with(push);
    engine_await(&engine, "process_cpu", 2);
    evprof_free(prof);
    engine_close(&engine);
    assert_int_equal(rmdir(spool), 0);
}

static void
test_an_end_during_an_attempt_is_said(void **state)
{
    (void)state;
    assert_int_equal(truncate(log_file, 0), 0);
    end_during_an_attempt("profiles cpu;");
    check_log("2 profiles were not sent: the process ends");
}

/* A child that ends or calls exec soon leaves nothing behind. */
static void
test_a_short_child_has_no_spool(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    print_message("skipped: the sanitizers' allocators are not fork-safe\n");
    skip();
#endif
    char spool[] = "/tmp/evprof_push_XXXXXX";
    char push[256];
    char part[64];
    assert_non_null(mkdtemp(spool));
    (void)snprintf(push, sizeof(push), "profiles goroutine; spool %s 8m;",
                   spool);
    open_all(push);
    engine_await(&engine, "goroutine", 1);
    pid_t child = fork();
    if (child == 0) {
        poll(NULL, 0, 100);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close_all();
    (void)snprintf(part, sizeof(part), "%s/1", spool);
    assert_int_not_equal(access(part, F_OK), 0);
    assert_int_equal(rmdir(spool), 0);
}

/* A worker that was forked pushes by itself, and ends when it wants to. */
static void
test_a_forked_worker_pushes(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    print_message("skipped: the sanitizers' allocators are not fork-safe\n");
    skip();
#endif
    char instance[32];
    open_all("profiles goroutine;");
    engine_await(&engine, "goroutine", 1);
    int until_told[2];
    assert_int_equal(pipe(until_told), 0);
    pid_t child = fork();
    if (child == 0) {
        char told;
        alarm(60); /* ends a worker that hangs */
        close(until_told[1]);
        (void)!read(until_told[0], &told, 1);
        evprof_free(prof);
        _exit(0);
    }
    (void)snprintf(instance, sizeof(instance), ":%ld", (long)child);
    bool has_come = false;
    for (int i = 0; i < 1500 && !has_come; i++) {
        int count = engine_count(&engine, "goroutine");
        for (int k = 0; k < count; k++) {
            engine_profile_t one = engine_profile(&engine, "goroutine", k);
            has_come = has_come ||
                       strstr(engine_label(&one, "instance"), instance) != NULL;
        }
        poll(NULL, 0, 10);
    }
    int status;
    close(until_told[1]);
    close(until_told[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(has_come);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close_all();
}

/* ---- Other engines ---- */

static void
test_an_older_pyroscope(void **state)
{
    (void)state;
    engine_open(&engine);
    engine.has_push_api = false;
    start_with("profiles goroutine; label service_name shop; label zone b;");
    engine_run(&engine);
    engine_await(&engine, "ingested", 2);
    engine_profile_t one = engine_profile(&engine, "ingested", 1);
    assert_string_equal(one.way, "ingest");
    assert_non_null(strstr(one.query, "format=pprof"));
    assert_non_null(strstr(one.query, "name=shop%7B"));
    assert_non_null(strstr(one.query, "zone%3Db"));
    assert_non_null(strstr(one.query, "&from="));
    assert_true(one.sums[0] > 0);
    close_all();
}

static grpc_server_t grpc;

static void
open_parca(const char *push)
{
    engine_open(&engine);
    grpc_open(&grpc, &engine);
    start_at(grpc.port, push);
    assert_int_equal(evprof_evhttp_mount(prof, engine.server.http, NULL), 0);
    engine_run(&engine);
}

static void
close_parca(void)
{
    close_all();
    grpc_close(&grpc);
}

static void
test_parca(void **state)
{
    (void)state;
    open_parca("format parca; profiles heap cpu goroutine; label zone b;");
    engine_await(&engine, "goroutine", 2);
    engine_profile_t one = engine_profile(&engine, "goroutine", 0);
    assert_string_equal(one.way, "writeraw");
    assert_string_equal(engine_label(&one, "zone"), "b");
    assert_string_equal(engine_label(&one, "__delta__"), "");
    assert_true(one.sums[0] > 0);
    assert_int_equal(one.duration_ns, 0);
    close_parca();
}

/* UNAVAILABLE and RESOURCE_EXHAUSTED pass, and so does what is no answer of
 * gRPC's, such as a page with 200. */
static void
test_parca_is_away(void **state)
{
    (void)state;
    static const int codes[] = { 14, 8, -1 };
    open_parca("format parca; profiles goroutine;");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        atomic_store(&grpc.code, codes[i]);
        await_status("push.attempts_failed",
                     status_of("push.attempts_failed") + 2);
    }
    assert_true(atomic_load(&grpc.refused) >= 4);
    assert_int_equal(engine_count(&engine, "goroutine"), 0);
    atomic_store(&grpc.code, 0);
    check_all_came("goroutine");
    close_parca();
}

/* INVALID_ARGUMENT is said of the profile. */
static void
test_parca_refuses(void **state)
{
    (void)state;
    open_parca("format parca; profiles goroutine;");
    atomic_store(&grpc.code, 3);
    await_status("push.profiles_refused", 1);
    atomic_store(&grpc.code, 0);
    engine_await(&engine, "goroutine", 1);
    close_parca();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_follow_each_other),
        cmocka_unit_test(test_differences_add_up),
        cmocka_unit_test(test_a_storm_loses_nothing),
        cmocka_unit_test(test_a_wrong_address_loses_nothing),
        cmocka_unit_test(test_what_is_refused_blocks_nobody),
        cmocka_unit_test(test_numbers_are_explained),
        cmocka_unit_test(test_what_is_poisonous_is_set_aside),
        cmocka_unit_test(test_the_spool_survives),
        cmocka_unit_test(test_the_dead_leave_nothing),
        cmocka_unit_test(test_the_last_window_is_sent),
        cmocka_unit_test(test_the_last_window_of_a_program_is_sent),
        cmocka_unit_test(test_an_end_without_an_engine),
        cmocka_unit_test(test_an_end_during_an_attempt_spools),
        cmocka_unit_test(test_an_end_during_an_attempt_is_said),
        cmocka_unit_test(test_a_short_child_has_no_spool),
        cmocka_unit_test(test_a_forked_worker_pushes),
        cmocka_unit_test(test_an_older_pyroscope),
        cmocka_unit_test(test_parca),
        cmocka_unit_test(test_parca_is_away),
        cmocka_unit_test(test_parca_refuses),
    };
    close(mkstemp(log_file));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(log_file);
    return failed;
}
