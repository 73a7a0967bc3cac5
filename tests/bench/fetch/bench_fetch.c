/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fetching costs: the same profile by URL and from a file, beside `curl
 * -o` of the same URL, in turns; and many sources at once. The server is a
 * thread of this program on loopback.
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 15
#define MAX_SOURCES 1000

static char url[64];
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
    struct sockaddr_in at;
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
median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), by_value);
    return values[ROUNDS / 2];
}

static void
compare_with_curl(char *evprof, char *file)
{
    char comments[] = "-comments";
    char curl[] = "curl";
    char silent[] = "-s";
    char to[] = "-o";
    char nowhere[] = "/dev/null";
    char *by_url[] = { evprof, comments, url, NULL };
    char *from_file[] = { evprof, comments, file, NULL };
    char *by_curl[] = { curl, silent, to, nowhere, url, NULL };
    double times[3][ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        times[0][i] = time_command(by_url);
        times[1][i] = time_command(from_file);
        times[2][i] = time_command(by_curl);
    }
    double fetched = median(times[0]) * 1e3;
    double read = median(times[1]) * 1e3;
    double copied = median(times[2]) * 1e3;
    printf("evprof URL %.1f ms, evprof FILE %.1f ms, curl -o URL %.1f ms\n",
           fetched, read, copied);
    printf("a fetch over reading the file and curl -o: %+.1f ms "
           "(wanted: at most +10)\n",
           fetched - read - copied);
}

static void
fetch_many(char *evprof, int count)
{
    static char *argv[MAX_SOURCES + 3];
    char top[] = "-top";
    argv[0] = evprof;
    argv[1] = top;
    for (int i = 0; i < count; i++) {
        argv[2 + i] = url;
    }
    double best = -1;
    for (int i = 0; i < 3; i++) {
        double took = time_command(argv);
        best = best < 0 || took < best ? took : best;
    }
    printf("%d sources of %.2f MB, fetched and merged: %.2f s "
           "(wanted: 200 of 1 MB in 2)\n",
           count, (double)profile_size / 1e6, best);
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
    compare_with_curl(argv[1], argv[2]);
    fetch_many(argv[1], count);
    char *remove[] = { (char[]){ "rm" }, (char[]){ "-rf" }, folder, NULL };
    time_command(remove);
    return 0;
}
