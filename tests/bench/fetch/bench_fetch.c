/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fetching costs. First `evprof -top URL` beside what it takes the place
 * of, `curl -o FILE URL` and `evprof -top FILE`: in pairs that take turns, and
 * the median of their differences. Then many sources at once, beside Go's own
 * tool where it is installed. The server is a thread of this program on
 * loopback.
 *
 * usage: bench_fetch EVPROF PROFILE [SOURCES]
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 31
#define MANY_ROUNDS 5
#define MAX_SOURCES 1000

static char url[64];
static char copy[64];
static const char *profile;
static size_t profile_size;

static void
send_profile(struct evhttp_request *req, void *ctx)
{
    struct evbuffer *body = evbuffer_new();
    (void)ctx;
    int fd = open(profile, O_RDONLY | O_CLOEXEC);
    evbuffer_add_file(body, fd, 0, (ev_off_t)profile_size);
    evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type",
                      "application/octet-stream");
    evhttp_send_reply(req, HTTP_OK, "OK", body);
    evbuffer_free(body);
}

static void *
serve(void *base)
{
    event_base_dispatch(base);
    return NULL;
}

static int
start_server(void)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    struct sockaddr_in at = { 0 };
    socklen_t len = sizeof(at);
    pthread_t thread;
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound), (void *)&at, &len)) {
        return -1;
    }
    evhttp_set_gencb(http, send_profile, NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/p", ntohs(at.sin_port));
    return pthread_create(&thread, NULL, serve, base);
}

/* Seconds that a command takes, its output thrown away; below 0: it failed. */
static double
time_command(char *const *argv)
{
    struct timespec before;
    struct timespec after;
    int status = -1;
    clock_gettime(CLOCK_MONOTONIC, &before);
    pid_t pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    return status != 0 ? -1
                       : (double)(after.tv_sec - before.tv_sec) +
                             (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

static int
by_value(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static double
median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_value);
    return values[count / 2];
}

/* Processor seconds of the children that have ended. */
static double
children_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
compare_with_curl(char *evprof)
{
    char top[] = "-top";
    char curl[] = "curl";
    char silent[] = "-s";
    char to[] = "-o";
    char *by_url[] = { evprof, top, url, NULL };
    char *from_file[] = { evprof, top, copy, NULL };
    char *by_curl[] = { curl, silent, to, copy, url, NULL };
    double times[4][ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        /* Whoever comes second finds warm caches: they change places. */
        if (i % 2 == 0) {
            times[0][i] = time_command(by_url);
        }
        times[1][i] = time_command(by_curl);
        times[2][i] = time_command(from_file);
        if (i % 2 == 1) {
            times[0][i] = time_command(by_url);
        }
        times[3][i] = times[0][i] - times[1][i] - times[2][i];
    }
    double difference = median(times[3], ROUNDS) * 1e3;
    printf("%.2f MB: evprof -top URL %.1f ms; curl -o FILE URL %.1f ms, then "
           "evprof -top FILE %.1f ms\n",
           (double)profile_size / 1e6, median(times[0], ROUNDS) * 1e3,
           median(times[1], ROUNDS) * 1e3, median(times[2], ROUNDS) * 1e3);
    printf("a fetch over curl -o, median of %d pairs: %+.1f ms "
           "(wanted: at most +10)\n",
           ROUNDS, difference);
}

static void
fetch_many(const char *who, char *const *prefix, int count)
{
    static char *argv[MAX_SOURCES + 8];
    int n = 0;
    while (prefix[n] != NULL) {
        argv[n] = prefix[n];
        n++;
    }
    for (int i = 0; i < count; i++) {
        argv[n++] = url;
    }
    argv[n] = NULL;
    double times[MANY_ROUNDS];
    double cpu = children_cpu();
    for (int i = 0; i < MANY_ROUNDS; i++) {
        times[i] = time_command(argv);
    }
    cpu = (children_cpu() - cpu) / MANY_ROUNDS;
    double middle = median(times, MANY_ROUNDS);
    if (times[0] < 0) {
        printf("%s: not here\n", who);
        return;
    }
    printf("%s: %d sources of %.2f MB fetched and merged: median %.2f s, best "
           "%.2f s, %.2f s of processor\n",
           who, count, (double)profile_size / 1e6, middle, times[0], cpu);
}

int
main(int argc, char **argv)
{
    struct stat st;
    int count = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 200;
    if (argc < 3 || stat(argv[2], &st) != 0 || count > MAX_SOURCES) {
        fprintf(stderr, "usage: %s EVPROF PROFILE [SOURCES]\n", argv[0]);
        return 2;
    }
    char folder[] = "/tmp/bench-fetch-XXXXXX";
    profile = argv[2];
    profile_size = (size_t)st.st_size;
    if (mkdtemp(folder) == NULL || setenv("PPROF_TMPDIR", folder, 1) != 0 ||
        start_server() != 0) {
        return 1;
    }
    snprintf(copy, sizeof(copy), "%s/copy", folder);
    compare_with_curl(argv[1]);
    char top[] = "-top";
    fetch_many("evprof (wanted: 200 of 1 MB in 2 s)",
               (char *const[]){ argv[1], top, NULL }, count);
    fetch_many("go tool pprof",
               (char *const[]){ (char[]){ "go" }, (char[]){ "tool" },
                                (char[]){ "pprof" }, top, NULL },
               count);
    char *remove[] = { (char[]){ "rm" }, (char[]){ "-rf" }, folder, NULL };
    time_command(remove);
    return 0;
}
