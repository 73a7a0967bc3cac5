/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that mounts first and forks its workers then: each worker takes its
 * own profile, both at once, also when the parent is in the middle of one.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "tests/e2e/evhttp/server.h"

#define PREFIX "/debug/pprof/"

/* Burns CPU under a name of its own. */
#define BURNER(name)                                                           \
    __attribute__((noinline)) static void name(void)                           \
    {                                                                          \
        static volatile uint64_t sum;                                          \
        for (;;) {                                                             \
            sum = sum * 3 + 1;                                                 \
        }                                                                      \
    }
BURNER(burn_in_first_worker)
BURNER(burn_in_second_worker)
#undef BURNER

static void (*const burners[])(void) = { burn_in_first_worker,
                                         burn_in_second_worker };

static void *
run_burner(void *arg)
{
    burners[*(const size_t *)arg]();
    return NULL;
}

/* A worker's life: its own port on the loop it inherited. Never returns. */
static void
work(server_t *s, size_t number, int report)
{
    pthread_t thread;
    struct sockaddr_in at = { 0 };
    socklen_t len = sizeof(at);
    /* A test that fails leaves no worker behind. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    event_reinit(s->base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(s->http, "127.0.0.1", 0);
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at,
                    &len) != 0 ||
        pthread_create(&thread, NULL, run_burner, &number) != 0) {
        _exit(1);
    }
    uint16_t port = ntohs(at.sin_port);
    if (write(report, &port, sizeof(port)) != sizeof(port)) {
        _exit(1);
    }
    event_base_dispatch(s->base);
    _exit(0);
}

struct worker {
    pid_t pid;
    uint16_t port;
};

static struct worker
start_worker(server_t *s, size_t number)
{
    struct worker worker = { .pid = -1 };
    int report[2];
    assert_int_equal(pipe(report), 0);
    worker.pid = fork();
    if (worker.pid == 0) {
        work(s, number, report[1]);
    }
    assert_true(worker.pid > 0);
    assert_int_equal(read(report[0], &worker.port, sizeof(worker.port)),
                     (ssize_t)sizeof(worker.port));
    close(report[0]);
    close(report[1]);
    return worker;
}

static void
stop_worker(const struct worker *worker)
{
    int status;
    kill(worker->pid, SIGKILL);
    assert_int_equal(waitpid(worker->pid, &status, 0), worker->pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The bytes of a profile without their compression; NUL-terminated. */
static char *
inflate_reply(const reply_t *reply, size_t *len)
{
    size_t max = 8u << 20;
    char *plain = calloc(1, max + 1);
    z_stream stream = { .next_in = (Bytef *)reply->body,
                        .avail_in = (uInt)reply->body_len,
                        .next_out = (Bytef *)plain,
                        .avail_out = (uInt)max };
    assert_non_null(plain);
    assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    *len = stream.total_out;
    inflateEnd(&stream);
    return plain;
}

/* ThreadSanitizer holds signals back from a loop that calls nothing. */
#if defined(__SANITIZE_THREAD__)
#define SANITIZER_HOLDS_SIGNALS 1
#else
#define SANITIZER_HOLDS_SIGNALS 0
#endif

static bool
has_function(const reply_t *reply, const char *name)
{
    size_t len;
    char *plain = inflate_reply(reply, &len);
    bool found = memmem(plain, len, name, strlen(name)) != NULL;
    free(plain);
    return found;
}

static void
check_workers(server_t *s)
{
    static const char *const names[] = { "burn_in_first_worker",
                                         "burn_in_second_worker" };
    struct worker workers[2];
    int fds[2];
    for (size_t i = 0; i < 2; i++) {
        workers[i] = start_worker(s, i);
        fds[i] = client_connect(workers[i].port);
    }
    for (size_t i = 0; i < 2; i++) {
        client_send(fds[i], "GET " PREFIX "profile?seconds=2 HTTP/1.1\r\n\r\n");
    }
    for (size_t i = 0; i < 2; i++) {
        reply_t reply;
        client_read(fds[i], true, &reply);
        if (reply.code != 200) {
            fail_msg("worker %zu: %d: %s", i, reply.code,
                     reply.body != NULL ? reply.body : "");
        }
        if (!SANITIZER_HOLDS_SIGNALS) {
            assert_true(has_function(&reply, names[i]));
        }
        assert_false(has_function(&reply, names[1 - i]));
        reply_free(&reply);
        close(fds[i]);
        stop_worker(&workers[i]);
    }
}

static void
open_unbound(server_t *s, evprof_t *prof)
{
    evprof_error_t err;
    *s = (server_t){ .base = event_base_new() };
    s->http = evhttp_new(s->base);
    assert_int_equal(evprof_evhttp_mount(prof, s->http, &err), 0);
}

static void
close_unbound(server_t *s)
{
    evhttp_free(s->http);
    event_base_free(s->base);
}

static void
test_mount_then_fork(void **state)
{
    (void)state;
    server_t s;
    evprof_t *prof = evprof_new(NULL, NULL);
    open_unbound(&s, prof);
    check_workers(&s);
    close_unbound(&s);
    evprof_free(prof);
}

/* The worker, the drainer and the timers exist in the parent by now, and its
 * slot is taken; the children have none of it. */
static void
test_fork_in_a_profile(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__)
    skip(); /* it knows threads by the addresses of their stacks, which those of
               a child have again */
#elif defined(__SANITIZE_ADDRESS__)
    skip(); /* its allocator's locks stay locked in a child when a thread of the
               profiler was allocating at the fork; libc's are freed */
#endif
    server_t s;
    evprof_error_t err;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    evprof_writer_t out = evprof_writer_file(file);
    evprof_t *prof = evprof_new(NULL, NULL);
    open_unbound(&s, prof);
    assert_int_equal(evprof_cpu_start(prof, &out, &err), 0);
    check_workers(&s);
    assert_int_equal(evprof_cpu_stop(prof, &err), 0);
    fclose(file);
    assert_true(len > 2);
    free(text);
    close_unbound(&s);
    evprof_free(prof);
}

#define LATE_NAMES 2000
#define FORKS 200

static void
make_late_route(evprof_t *prof, int number)
{
    char name[32];
    evprof_route_t route;
    snprintf(name, sizeof(name), "late/%d", number);
    assert_int_equal(evprof_evhttp_handler(prof, name, &route), 0);
}

struct maker {
    evprof_t *prof;
    _Atomic bool is_over;
};

static void *
run_maker(void *arg)
{
    struct maker *maker = arg;
    for (int i = 0; !atomic_load(&maker->is_over); i++) {
        make_late_route(maker->prof, i % LATE_NAMES);
    }
    return NULL;
}

/* Another thread is in the middle of the routes; the child can still use them.
 */
static void
test_fork_beside_a_mount(void **state)
{
    (void)state;
    struct maker maker = { .prof = evprof_new(NULL, NULL) };
    pthread_t thread;
    int status;
    for (int i = 0; i < LATE_NAMES; i++) {
        make_late_route(maker.prof, i);
    }
    assert_int_equal(pthread_create(&thread, NULL, run_maker, &maker), 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            make_late_route(maker.prof, 0);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&maker.is_over, true);
    pthread_join(thread, NULL);
    evprof_free(maker.prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mount_then_fork),
        cmocka_unit_test(test_fork_in_a_profile),
        cmocka_unit_test(test_fork_beside_a_mount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
