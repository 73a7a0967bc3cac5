/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pre-forked server: prefork CONF COUNT. Each worker accepts on the one port,
 * which is printed with their numbers, and burns a little. It ends with its
 * standard input.
 */
#include <dirent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evprof/evhttp.h>
#include <evprof/evprof.h>

#include "tests/thread_state.h"

__attribute__((noinline)) static void *
burn_in_prefork(void *unused)
{
    for (;;) {
        for (volatile unsigned long i = 0; i < 20000000; i++) {
        }
        usleep(20000);
    }
    return unused;
}

static void
serve(int fd)
{
    pthread_t burner;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (evhttp_accept_socket(http, fd) != 0 ||
        evprof_evhttp_mount(NULL, http, NULL) != 0 ||
        pthread_create(&burner, NULL, burn_in_prefork, NULL) != 0) {
        _exit(1);
    }
    event_base_dispatch(base);
    _exit(0);
}

#if defined(__SANITIZE_ADDRESS__)
/* AddressSanitizer's allocator stays locked in a child for ever when a thread
 * was in it at the fork, as one that begins is; libc frees its own. */
static void
await_quiet(void)
{
    bool is_quiet = false;
    while (!is_quiet) {
        DIR *tasks = opendir("/proc/self/task");
        const struct dirent *entry;
        is_quiet = tasks != NULL;
        while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
            const pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
            is_quiet = is_quiet && (tid <= 0 || tid == gettid() ||
                                    thread_state(tid) == 'S');
        }
        if (tasks != NULL) {
            closedir(tasks);
        }
    }
}
#else
static void
await_quiet(void)
{
}
#endif

int
main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);
    char end;
    evprof_error_t err;
    int count = argc > 2 ? atoi(argv[2]) : 0;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
        setpgid(0, 0) != 0) {
        return 1;
    }
    if (evprof_new(argc > 1 ? argv[1] : NULL, &err) == NULL) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("http://127.0.0.1:%d/debug/pprof/", ntohs(at.sin_port));
    pid_t pids[64];
    for (int i = 0; i < count && i < 64; i++) {
        (void)fflush(stdout);
        await_quiet();
        pids[i] = fork();
        if (pids[i] == 0) {
            serve(fd);
        }
        printf(" %d", (int)pids[i]);
    }
    printf("\n");
    (void)fflush(stdout);
    close(fd);
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
    for (int i = 0; i < count && i < 64; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    return 0;
}
