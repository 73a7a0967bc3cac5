/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile costs the server that serves it.
 *
 * The example server is driven by four connections that each send a request
 * when the last one is answered. Windows without and with a profile alternate,
 * so that whatever else runs on the machine hits both; printed are the medians
 * over the pairs. The last part puts only our own requests on a loop and takes
 * the CPU time of each of its turns, which bounds every callback of ours.
 *
 * usage: bench_evhttp EXAMPLE [PAIRS]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evhttp.h>

#define CONNECTIONS 4
#define LATENCIES_MAX (1u << 20)
#define WINDOW_S 2
#define PAIRS_MAX 100
#define REQUEST "GET /hash HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void
die(const char *what)
{
    (void)fprintf(stderr, "bench_evhttp: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t
clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- The server ---- */

struct target {
    pid_t pid;
    clockid_t cpu; /* of the process */
    unsigned short port;
};

static struct target
start_example(const char *path)
{
    int out[2];
    char address[256] = "";
    struct target target = { .pid = -1 };
    if (pipe(out) != 0) {
        die("pipe");
    }
    target.pid = fork();
    if (target.pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    if (target.pid < 0 || read(out[0], address, sizeof(address) - 1) <= 0) {
        die(path);
    }
    const char *colon = strrchr(address, ':');
    target.port =
        colon != NULL ? (unsigned short)strtoul(colon + 1, NULL, 10) : 0;
    clock_getcpuclockid(target.pid, &target.cpu);
    return target;
}

static int
open_connection(unsigned short port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        die("connect");
    }
    return fd;
}

/* One request on a connection of its own; returns how many bytes came. */
static size_t
ask(unsigned short port, const char *request)
{
    char bytes[65536];
    size_t count = 0;
    int fd = open_connection(port);
    if (send(fd, request, strlen(request), 0) < 0) {
        die("send");
    }
    for (;;) {
        ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
        if (got <= 0) {
            break;
        }
        count += (size_t)got;
    }
    close(fd);
    return count;
}

/* ---- Load ---- */

struct load {
    unsigned short port;
    int64_t until_ns; /* 0: until `is_over` */
    _Atomic bool is_over;
    size_t count;
    int64_t latencies[LATENCIES_MAX];
};

static void
send_request(int fd, int64_t *sent_ns)
{
    *sent_ns = clock_ns(CLOCK_MONOTONIC);
    if (send(fd, REQUEST, sizeof(REQUEST) - 1, MSG_NOSIGNAL) < 0) {
        die("send");
    }
}

static bool
goes_on(const struct load *load)
{
    if (load->until_ns == 0) {
        return !atomic_load(&load->is_over);
    }
    return clock_ns(CLOCK_MONOTONIC) < load->until_ns;
}

/* A reply is small enough to come in one piece. */
static void
drive(struct load *load)
{
    struct pollfd fds[CONNECTIONS];
    int64_t sent_ns[CONNECTIONS];
    char reply[4096];
    load->count = 0;
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = (struct pollfd){ open_connection(load->port), POLLIN, 0 };
        send_request(fds[i].fd, &sent_ns[i]);
    }
    while (goes_on(load) && poll(fds, CONNECTIONS, 1000) > 0) {
        for (int i = 0; i < CONNECTIONS; i++) {
            if (fds[i].revents == 0) {
                continue;
            }
            if (recv(fds[i].fd, reply, sizeof(reply), 0) <= 0) {
                die("recv");
            }
            if (load->count < LATENCIES_MAX) {
                load->latencies[load->count++] =
                    clock_ns(CLOCK_MONOTONIC) - sent_ns[i];
            }
            send_request(fds[i].fd, &sent_ns[i]);
        }
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        close(fds[i].fd);
    }
}

static void *
take_timed(struct load *load, const char *profile)
{
    char request[128];
    (void)snprintf(request, sizeof(request),
                   "GET /debug/pprof/%s?seconds=%d HTTP/1.1\r\n"
                   "Connection: close\r\n\r\n",
                   profile, load->until_ns == 0 ? WINDOW_S : WINDOW_S + 1);
    if (ask(load->port, request) < 400) {
        (void)fprintf(stderr, "bench_evhttp: no profile came\n");
        exit(1);
    }
    atomic_store(&load->is_over, true);
    return NULL;
}

static void *
take_profile(void *arg)
{
    return take_timed(arg, "profile");
}

static void *
take_trace(void *arg)
{
    return take_timed(arg, "trace");
}

#define CLOSE " HTTP/1.1\r\nConnection: close\r\n\r\n"

/* What a server is asked that is always being watched: wall profiles one after
 * the other, and all threads every second. */
static void *
take_wall(void *arg)
{
    struct load *load = arg;
    while (!atomic_load(&load->is_over)) {
        ask(load->port, "GET /debug/pprof/wall?seconds=1" CLOSE);
    }
    return NULL;
}

static void *
keep_watching(void *arg)
{
    struct load *load = arg;
    const struct timespec second = { .tv_sec = 1 };
    pthread_t wall;
    pthread_create(&wall, NULL, take_wall, load);
    while (!atomic_load(&load->is_over)) {
        ask(load->port, "GET /debug/pprof/goroutine" CLOSE);
        nanosleep(&second, NULL);
    }
    pthread_join(wall, NULL);
    return NULL;
}

/* ---- Figures ---- */

static int
compare_int64(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a;
    int64_t other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static int
compare_double(const void *a, const void *b)
{
    double one = *(const double *)a;
    double other = *(const double *)b;
    return (one > other) - (one < other);
}

static double
median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_double);
    return count % 2 != 0 ? values[count / 2]
                          : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct figures {
    double p50_us;
    double p99_us;
    double rate;   /* requests a second */
    double cpu_us; /* of the server, for a request */
};

static struct figures
measure(struct load *load, const struct target *target,
        void *(*companion)(void *load), bool to_the_end)
{
    pthread_t thread;
    atomic_store(&load->is_over, false);
    int64_t start_ns = clock_ns(CLOCK_MONOTONIC);
    int64_t start_cpu = clock_ns(target->cpu);
    load->until_ns = to_the_end ? 0 : start_ns + WINDOW_S * INT64_C(1000000000);
    if (companion != NULL) {
        pthread_create(&thread, NULL, companion, load);
    }
    drive(load);
    int64_t cpu_ns = clock_ns(target->cpu) - start_cpu;
    int64_t wall_ns = clock_ns(CLOCK_MONOTONIC) - start_ns;
    if (companion != NULL) {
        atomic_store(&load->is_over, true);
        pthread_join(thread, NULL);
    }
    qsort(load->latencies, load->count, sizeof(*load->latencies),
          compare_int64);
    if (load->count == 0) {
        (void)fprintf(stderr, "bench_evhttp: a window without a reply: the "
                              "machine is too busy\n");
        exit(1);
    }
    double count = (double)load->count;
    size_t middle = load->count / 2;
    size_t late = load->count * 99 / 100;
    return (struct figures){
        .p50_us = (double)load->latencies[middle] / 1e3,
        .p99_us = (double)load->latencies[late] / 1e3,
        .rate = count * 1e9 / (double)wall_ns,
        .cpu_us = (double)cpu_ns / 1e3 / count,
    };
}

static void
bench_latency(struct load *load, const struct target *target, size_t pairs)
{
    double ratios[PAIRS_MAX];
    puts("latency while a profile is taken, symbolized and written");
    puts("  pair  p50 us  p99 us without  p99 us with  ratio");
    for (size_t i = 0; i < pairs; i++) {
        struct figures without = measure(load, target, NULL, false);
        struct figures with = measure(load, target, take_profile, true);
        ratios[i] = with.p99_us / without.p99_us;
        printf("  %4zu  %6.0f  %14.0f  %11.0f  %5.3f\n", i + 1, without.p50_us,
               without.p99_us, with.p99_us, ratios[i]);
    }
    printf("  median ratio of p99: %.3f (to be <= 1.25)\n\n",
           median(ratios, pairs));
}

static void
bench_cost(struct load *load, const struct target *target, size_t pairs,
           const char *what, void *(*companion)(void *load), int budget)
{
    double rates[PAIRS_MAX];
    double cpus[PAIRS_MAX];
    puts(what);
    puts("  pair  req/s without  req/s with  CPU us a request: without  with");
    for (size_t i = 0; i < pairs; i++) {
        struct figures without = measure(load, target, NULL, false);
        struct figures with = measure(load, target, companion, false);
        rates[i] = 1 - with.rate / without.rate;
        cpus[i] = with.cpu_us / without.cpu_us - 1;
        printf("  %4zu  %13.0f  %10.0f  %25.2f  %.2f\n", i + 1, without.rate,
               with.rate, without.cpu_us, with.cpu_us);
    }
    printf("  median loss of throughput: %.2f %% (to be <= %d %%)\n",
           100 * median(rates, pairs), budget);
    printf("  median gain of CPU time a request: %.2f %%\n\n",
           100 * median(cpus, pairs));
}

/* ---- Our own callbacks ---- */

struct lone {
    struct event_base *base;
    _Atomic bool is_over;
    int64_t worst_ns;
};

static void *
run_lone_loop(void *arg)
{
    struct lone *lone = arg;
    while (!atomic_load(&lone->is_over)) {
        int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        event_base_loop(lone->base, EVLOOP_ONCE);
        int64_t took = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
        if (took > lone->worst_ns) {
            lone->worst_ns = took;
        }
    }
    return NULL;
}

/* The worst of `count` times a request, by itself on the loop. */
static void
bench_turns(struct lone *lone, unsigned short port, const char *label,
            const char *request, int count)
{
    lone->worst_ns = 0;
    for (int i = 0; i < count; i++) {
        ask(port, request);
    }
    printf("  %-28s %8.3f ms\n", label, (double)lone->worst_ns / 1e6);
}

static char *
make_post(size_t len)
{
    char *text = malloc(len + 256);
    if (text == NULL) {
        die("malloc");
    }
    int head = snprintf(text, 256,
                        "POST /debug/pprof/symbol HTTP/1.1\r\n"
                        "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                        len);
    for (size_t i = 0; i < len; i++) {
        text[(size_t)head + i] = "0x1+"[i % 4];
    }
    text[(size_t)head + len] = '\0';
    return text;
}

static void
bench_callbacks(void)
{
    struct lone lone = { .base = event_base_new() };
    struct evhttp *http = evhttp_new(lone.base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);
    pthread_t thread;
    evprof_t *prof = evprof_new(NULL, NULL);
    if (bound == NULL || evprof_evhttp_mount(prof, http, NULL) != 0) {
        die("mount");
    }
    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at,
                &len);
    unsigned short port = ntohs(at.sin_port);
    pthread_create(&thread, NULL, run_lone_loop, &lone);
    puts("worst turn of a loop with our requests only, CPU time "
         "(to be <= 5 ms)");
    char *post = make_post((4u << 20) - 4);
    bench_turns(&lone, port, "index", "GET /debug/pprof/" CLOSE, 100);
    bench_turns(&lone, port, "cmdline", "GET /debug/pprof/cmdline" CLOSE, 100);
    bench_turns(&lone, port, "profile?seconds=1",
                "GET /debug/pprof/profile?seconds=1" CLOSE, 3);
    bench_turns(&lone, port, "goroutine", "GET /debug/pprof/goroutine" CLOSE,
                50);
    bench_turns(&lone, port, "symbol, 4 MiB posted", post, 10);
    atomic_store(&lone.is_over, true);
    close(open_connection(port)); /* one more turn, in which it sees that */
    pthread_join(thread, NULL);
    free(post);
    evhttp_free(http);
    event_base_free(lone.base);
    evprof_free(prof);
}

int
main(int argc, char **argv)
{
    static struct load load;
    size_t pairs = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
    if (argc < 2 || pairs == 0 || pairs > PAIRS_MAX) {
        (void)fprintf(stderr, "usage: bench_evhttp EXAMPLE [PAIRS]\n");
        return 2;
    }
    setlinebuf(stdout);
    bench_callbacks();
    puts("");
    struct target target = start_example(argv[1]);
    load.port = target.port;
    measure(&load, &target, take_profile, true);
    bench_latency(&load, &target, pairs);
    bench_cost(&load, &target, pairs, "cost of sampling at 100 Hz",
               take_profile, 1);
    bench_cost(&load, &target, pairs, "cost of the execution trace", take_trace,
               2);
    bench_cost(&load, &target, pairs,
               "cost of wall profiles all the time and goroutine every second",
               keep_watching, 1);
    kill(target.pid, SIGTERM);
    waitpid(target.pid, NULL, 0);
    return 0;
}
