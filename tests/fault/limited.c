/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limited FOLDER nofile|memory|CALL[,CALL...]: a server with threads that run
 * and that sleep, in a process whose descriptors or address space are used up,
 * or that may not make some system calls (their numbers), as sandboxes have it.
 * Asks for each profile and writes the bodies into the folder; prints the
 * codes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <evprof/evhttp.h>

#include "tests/fault/client.h"

enum { PATIENCE_S = 60, REPLY_MAX = 8 << 20, CALLS_MOST = 16, LEFT = 6 };

static char reply[REPLY_MAX];

static const struct {
    const char *path;
    const char *file;
} asks[] = {
    { "status", "status" },
    { "goroutine", "goroutine" },
    { "goroutine?debug=2", "text" },
    { "profile?seconds=1", "profile" },
    { "wall?seconds=1", "wall" },
    { "threadcreate", "threadcreate" },
};

static _Atomic int begun;

static void *
burn(void *unused)
{
    begun++;
    for (volatile unsigned i = 0;; i++) {
    }
    return unused;
}

static void *
rest(void *unused)
{
    begun++;
    for (;;) {
        poll(NULL, 0, -1);
    }
    return unused;
}

static void *
serve(void *base)
{
    event_base_dispatch(base);
    return NULL;
}

/* All descriptors but a few are in use. */
static void
use_up_descriptors(void)
{
    struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };
    int last = 0;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 0; fd >= 0;) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        last = fd >= 0 ? fd : last;
    }
    for (int i = 0; i < LEFT; i++) {
        close(last - i);
    }
}

/* What is mapped now, and some. */
static void
limit_memory(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%ld", &pages) == 1) {
        rlim_t most = (rlim_t)pages * 4096 + ((rlim_t)24 << 20);
        struct rlimit limit = { .rlim_cur = most, .rlim_max = most };
        setrlimit(RLIMIT_AS, &limit);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static int
forbid_calls(char *list)
{
    struct sock_filter filter[2 * CALLS_MOST + 2];
    unsigned short n = 0;
    char *rest_of = NULL;
    filter[n++] = (struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (char *word = strtok_r(list, ",", &rest_of);
         word != NULL && n < 2 * CALLS_MOST;
         word = strtok_r(NULL, ",", &rest_of)) {
        filter[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(word), 0, 1);
        filter[n++] = (struct sock_filter)BPF_STMT(
            BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    filter[n++] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { n, filter };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                   SECCOMP_FILTER_FLAG_TSYNC, &program) != 0;
}

static int
limit(char *how)
{
    if (strcmp(how, "nofile") == 0) {
        use_up_descriptors();
        return 0;
    }
    if (strcmp(how, "memory") == 0) {
        limit_memory();
        return 0;
    }
    return forbid_calls(how);
}

/* The code of the reply, its body in a file; 0: no whole reply. */
static int
ask(unsigned short port, const char *path, int out)
{
    size_t got = client_fetch(port, path, reply, sizeof(reply));
    char *body = strstr(reply, "\r\n\r\n");
    const char *announced = strcasestr(reply, "content-length:");
    if (body == NULL || announced == NULL) {
        return 0;
    }
    body += 4;
    size_t len = got - (size_t)(body - reply);
    (void)!write(out, body, len);
    return strtoul(announced + 15, NULL, 10) == len ? atoi(reply + 9) : 0;
}

int
main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    enum { ASKS = sizeof(asks) / sizeof(asks[0]) };
    int files[ASKS];
    pthread_t thread;
    getsockname(evhttp_bound_socket_get_fd(bound),
                (struct sockaddr *)&address, &len);
    if (argc < 3 || chdir(argv[1]) != 0 ||
        evprof_evhttp_mount(NULL, http, NULL) != 0) {
        return 1;
    }
    alarm(PATIENCE_S);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < ASKS; i++) {
        files[i] = open(asks[i].file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }
    pthread_create(&thread, NULL, burn, NULL);
    pthread_create(&thread, NULL, rest, NULL);
    pthread_create(&thread, NULL, serve, base);
    while (begun < 2) {
        poll(NULL, 0, 1);
    }
    if (limit(argv[2]) != 0) {
        puts("skipped: the limit cannot be set");
        fflush(stdout);
        _exit(0);
    }
    for (int i = 0; i < ASKS; i++) {
        printf("%s %d\n", asks[i].file,
               ask(ntohs(address.sin_port), asks[i].path, files[i]));
    }
    fflush(stdout);
    _exit(0);
}
