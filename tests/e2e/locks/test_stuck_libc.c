/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that is stuck inside libc with the lock of the time zones held, as
 * its TZ names a pipe that nobody writes to. Profiles are taken, mistakes are
 * logged and waits recorded meanwhile, also in a forked child, where that lock
 * is never given back: nothing of ours may ask libc for the time of the day.
 */
#include "tests/e2e/locks/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

static char folder[] = "/tmp/evprof-stuck-XXXXXX";
static char zone[64]; /* the pipe */
static char conf[64];
static char log_file[64];
static evprof_t *prof;
static pthread_t stuck;
static _Atomic pid_t stuck_tid;

static void
write_conf(const char *more)
{
    FILE *file = fopen(conf, "w");
    assert_non_null(file);
    fprintf(file, "pprof {\n    log %s info;\n%s}\n", log_file, more);
    assert_int_equal(fclose(file), 0);
}

static void *
read_zone(void *arg)
{
    stuck_tid = (pid_t)syscall(SYS_gettid);
    tzset();
    return arg;
}

/* The number of the call that the thread is in, -1 while it runs. */
static long
call_of(pid_t tid)
{
    char path[64];
    long call = -1;
    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%ld", &call) != 1) {
            call = -1;
        }
        fclose(file);
    }
    return call;
}

static int
get_stuck(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(zone, sizeof(zone), "%s/zone", folder);
    snprintf(conf, sizeof(conf), "%s/evprof.conf", folder);
    snprintf(log_file, sizeof(log_file), "%s/log", folder);
    assert_int_equal(mkfifo(zone, 0600), 0);
    write_conf("");
    prof = evprof_new(conf, NULL);
    assert_non_null(prof);
    char value[sizeof(zone) + 1];
    snprintf(value, sizeof(value), ":%s", zone);
    setenv("TZ", value, 1);
    assert_int_equal(pthread_create(&stuck, NULL, read_zone, NULL), 0);
    while (stuck_tid == 0 || call_of(stuck_tid) != SYS_openat) {
        sched_yield();
    }
    return 0;
}

static void
get_loose(void)
{
    if (stuck_tid != 0) {
        close(open(zone, O_WRONLY));
        pthread_join(stuck, NULL);
        stuck_tid = 0;
    }
}

static int
get_free(void **state)
{
    (void)state;
    get_loose();
    unsetenv("TZ");
    evprof_free(prof);
    unlink(zone);
    unlink(conf);
    unlink(log_file);
    return rmdir(folder);
}

static int
drop(void *ctx, const void *data, size_t len)
{
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

static void
test_profiles_are_taken(void **state)
{
    (void)state;
    static const char *const names[] = { "goroutine", "block", "mutex",
                                         "threadcreate" };
    size_t bytes = 0;
    evprof_writer_t out = { .write = drop, .ctx = &bytes };
    assert_int_equal(evprof_cpu_start(prof, &out, NULL), EVPROF_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int debug = 0; debug <= 2; debug++) {
            bytes = 0;
            assert_int_equal(evprof_profile_write(evprof_lookup(prof, names[i]),
                                                  &out, debug, NULL),
                             EVPROF_OK);
            assert_true(bytes > 0);
        }
    }
    assert_int_equal(evprof_cpu_stop(prof, NULL), EVPROF_OK);
    /* It has answered where it is, and is there still. */
    evprof_buf_t text = take_text(prof, "goroutine", 2);
    assert_non_null(strstr(text.data, "read_zone"));
    evprof_buf_free(&text);
    while (call_of(stuck_tid) != SYS_openat) {
        sched_yield();
    }
}

static void
log_a_mistake(void)
{
    evprof_error_t err;
    write_conf("no_such_directive;\n");
    assert_int_not_equal(evprof_reload(prof, &err), EVPROF_OK);
    write_conf("");
    assert_int_equal(evprof_reload(prof, &err), EVPROF_OK);
}

static void
test_a_child_logs_too(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it knows threads by the addresses of their stacks, which those of
               a child have again */
#endif
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        log_a_mistake();
        _exit(0);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    assert_int_equal(status, 0);
}

static void
test_mistakes_are_logged(void **state)
{
    (void)state;
    char line[256];
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int64_t before = evprof_clock_ns(CLOCK_REALTIME) / 1000000000;
    unlink(log_file);
    log_a_mistake();
    int64_t after = evprof_clock_ns(CLOCK_REALTIME) / 1000000000;
    FILE *file = fopen(log_file, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    assert_int_equal(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2dZ evprof[", &year,
                            &month, &day, &hour, &minute, &second),
                     6);
    struct tm utc = { .tm_year = year - 1900,
                      .tm_mon = month - 1,
                      .tm_mday = day,
                      .tm_hour = hour,
                      .tm_min = minute,
                      .tm_sec = second };
    /* Only now may libc be asked. */
    get_loose();
    time_t logged = timegm(&utc);
    assert_true(logged >= before && logged <= after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles_are_taken),
        cmocka_unit_test(test_a_child_logs_too),
        cmocka_unit_test(test_mistakes_are_logged),
    };
    return cmocka_run_group_tests_name("stuck_libc", tests, get_stuck,
                                       get_free);
}
