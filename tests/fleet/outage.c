/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine that is away in all the ways it can be, for SECONDS, before a
 * server that pushes CPU profiles of a second each through a spool and is
 * killed now and then: outage PUSHER SECONDS. Of each life of the server the
 * windows that arrive must follow each other without a gap, each once, until
 * the server was killed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/push/engine.h"

#define SECOND_NS INT64_C(1000000000)
/* What a window may begin after the last one, and lack at a kill: the one that
 * was open, and the one that was being written. */
#define GAP_NS (SECOND_NS / 20)
#define LAST_NS (3 * SECOND_NS)

enum { LIVES_MAX = 512 };

/* What the engine answers, one after the other; `is_kill`: the server is killed
 * then, and another one takes its place. */
static const struct {
    int code;
    const char *retry;
    bool is_kill;
    const char *name;
} phases[] = {
    { 0, NULL, false, "it is there" }, { 503, NULL, false, "503" },
    { 503, NULL, true, "killed" },     { 429, "1", false, "429, Retry-After" },
    { 0, NULL, false, "it is there" }, { 0, NULL, true, "killed" },
    { 404, NULL, false, "404" },       { 200, NULL, false, "a page" },
    { 500, NULL, true, "killed" },     { 429, NULL, false, "429" },
};

typedef struct life {
    pid_t pid;
    int64_t end_ns; /* 0: it lives */
} life_t;

static engine_t engine;
static life_t lives[LIVES_MAX];
static size_t life_count;
static int input = -1; /* of the server that lives */
static char spool[] = "/tmp/evprof_outage_XXXXXX";
static char conf[] = "/tmp/evprof_outage_conf_XXXXXX";

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void
start_server(const char *program)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[0], STDIN_FILENO);
        execl(program, program, conf, NULL);
        _exit(127);
    }
    assert_true(pid > 0 && life_count < LIVES_MAX);
    close(ends[0]);
    input = ends[1];
    lives[life_count++] = (life_t){ .pid = pid };
}

static void
end_server(bool is_killed)
{
    life_t *life = &lives[life_count - 1];
    int status;
    if (is_killed) {
        kill(life->pid, SIGKILL);
    }
    life->end_ns = now_ns();
    close(input);
    assert_int_equal(waitpid(life->pid, &status, 0), life->pid);
    assert_true(is_killed || status == 0);
}

/* Messages in all parts of the spool. */
static int
count_spooled(void)
{
    int count = 0;
    for (int part = 0; part < 4; part++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s/%d", spool, part);
        DIR *dir = opendir(path);
        const struct dirent *file;
        while (dir != NULL && (file = readdir(dir)) != NULL) {
            count += strstr(file->d_name, ".push") != NULL;
        }
        if (dir != NULL) {
            closedir(dir);
        }
    }
    return count;
}

static int
compare_times(const void *a, const void *b)
{
    int64_t left = ((const engine_profile_t *)a)->time_ns;
    int64_t right = ((const engine_profile_t *)b)->time_ns;
    return (left > right) - (left < right);
}

/* The windows of one life, in order; how many gaps there are. */
static int
check_life(const life_t *life, int64_t *covered_ns, int *windows)
{
    static engine_profile_t own[ENGINE_KEPT];
    char instance[32];
    size_t count = 0;
    int gaps = 0;
    (void)snprintf(instance, sizeof(instance), ":%ld", (long)life->pid);
    for (int i = 0; i < engine.count; i++) {
        const char *label = engine_label(&engine.kept[i], "instance");
        const char *at = strstr(label, instance);
        if (at != NULL && strcmp(at, instance) == 0) {
            own[count++] = engine.kept[i];
        }
    }
    qsort(own, count, sizeof(own[0]), compare_times);
    for (size_t i = 0; i < count; i++) {
        *covered_ns += own[i].duration_ns;
        int64_t end_ns = own[i].time_ns + own[i].duration_ns;
        int64_t next_ns =
            i + 1 < count ? own[i + 1].time_ns : life->end_ns - LAST_NS;
        if (next_ns - end_ns > GAP_NS) {
            print_message("process %ld: %.3f s are missing\n", (long)life->pid,
                          (double)(next_ns - end_ns) / 1e9);
            gaps++;
        }
        assert_true(i == 0 || strcmp(own[i].id, own[i - 1].id) != 0);
    }
    *windows += (int)count;
    return gaps;
}

static void
run_phases(const char *program, int seconds)
{
    const size_t count = sizeof(phases) / sizeof(phases[0]);
    int length_s = seconds / (2 * (int)count);
    int64_t end_ns = now_ns() + seconds * SECOND_NS;
    int most = 0;
    length_s = length_s < 4 ? 4 : length_s > 120 ? 120 : length_s;
    for (size_t i = 0; now_ns() < end_ns; i++) {
        engine_refuse(&engine, phases[i % count].code, phases[i % count].retry);
        if (phases[i % count].is_kill) {
            end_server(true);
            start_server(program);
        }
        poll(NULL, 0, length_s * 1000);
        int spooled = count_spooled();
        most = spooled > most ? spooled : most;
        print_message("%-18s for %3d s: %d have come, %d refused, %d wait\n",
                      phases[i % count].name, length_s,
                      engine_count(&engine, "process_cpu"),
                      engine_refused(&engine), spooled);
    }
    print_message("at most %d waited\n", most);
}

static const char *pusher;
static int how_long_s;

static void
test_outage(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(spool));
    engine_open(&engine);
    engine_run(&engine);
    FILE *file = fdopen(mkstemp(conf), "w");
    (void)fprintf(file,
                  "push { url http://127.0.0.1:%d/; every 1s; profiles cpu; "
                  "spool %s 64m; }\n",
                  engine.server.port, spool);
    (void)fclose(file);
    start_server(pusher);
    run_phases(pusher, how_long_s);
    engine_refuse(&engine, 0, NULL);
    for (int i = 0; i < 1200 && count_spooled() > 0; i++) {
        poll(NULL, 0, 50);
    }
    end_server(false);
    assert_int_equal(count_spooled(), 0);
    engine_close(&engine);
    int64_t covered_ns = 0;
    int windows = 0;
    int gaps = 0;
    for (size_t i = 0; i < life_count; i++) {
        gaps += check_life(&lives[i], &covered_ns, &windows);
    }
    print_message("%zu lives, %d windows of %.1f s in all, %d refusals, "
                  "%d gaps\n",
                  life_count, windows, (double)covered_ns / 1e9, engine.refused,
                  gaps);
    assert_int_equal(gaps, 0);
    assert_int_equal(windows, engine.count);
    unlink(conf);
    char part[64];
    (void)snprintf(part, sizeof(part), "%s/0", spool);
    assert_int_equal(rmdir(part), 0);
    assert_int_equal(rmdir(spool), 0);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_outage) };
    if (argc < 3 || (how_long_s = atoi(argv[2])) <= 0) {
        (void)fprintf(stderr, "usage: outage PUSHER SECONDS\n");
        return 2;
    }
    pusher = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
