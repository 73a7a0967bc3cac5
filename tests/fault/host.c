/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host CONF: a server that makes the profiler, mounts it, is asked for every
 * profile, reloads, is asked again, unmounts and frees, while a call of the
 * library fails (shim.c); and then does it all again with no call failing.
 * Every answer must be whole: 200 with a body of the announced length, or an
 * error with a sentence; in the second round all must be 200. Exits with 0, or
 * says what was wrong and exits with 1. Prints how many calls there were.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/http.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <evprof/evhttp.h>

#include "tests/fault/client.h"

extern atomic_bool fault_is_on __attribute__((weak));
extern void fault_print(void) __attribute__((weak));

/* The limit of a run: beyond it the server hangs. */
enum { PATIENCE_S = 60, REPLY_MAX = 8 << 20, TRIES = 4 };

/* The last one is asked for in the first round only, for the time it takes. */
static const char *const paths[] = {
    "",          "status",          "cmdline",
    "goroutine", "goroutine?debug=2", "threadcreate?debug=1",
    "block",     "mutex?debug=1",   "profile?seconds=1",
    "wall?seconds=1",
};

static atomic_bool is_over;
static int violations;
static unsigned short port;
static char reply[REPLY_MAX];

static void
violate(const char *what, const char *path, const char *detail)
{
    printf("%s: %s: %s\n", what, path, detail);
    violations++;
}

static void *
burn(void *unused)
{
    for (volatile unsigned i = 0; !atomic_load(&is_over); i++) {
        if (i % 1000000 == 0) {
            poll(NULL, 0, 1);
        }
    }
    return unused;
}

static void
ask(const char *path, bool must_work)
{
    size_t got = client_fetch(port, path, reply, sizeof(reply));
    char *body = strstr(reply, "\r\n\r\n");
    if (body == NULL) {
        violate("no answer", path, reply);
        return;
    }
    body += 4;
    size_t len = got - (size_t)(body - reply);
    const char *announced = strcasestr(reply, "content-length:");
    bool is_ok = strncmp(reply + 9, "200", 3) == 0;
    if (announced == NULL || strtoul(announced + 15, NULL, 10) != len) {
        violate("not the announced length", path, reply);
    } else if (len < 2) {
        violate("no body", path, reply);
    } else if (!is_ok && must_work) {
        violate("fails with no call failing", path, body);
    }
}

typedef struct round {
    evprof_t *prof;
    struct event_base *base;
    struct evhttp *http;
    bool must_work;
} round_t;

static void *
ask_all(void *arg)
{
    const round_t *round = arg;
    evprof_error_t err = { .message = "" };
    size_t count = sizeof(paths) / sizeof(paths[0]);
    for (size_t i = 0; i < (round->must_work ? count - 1 : count); i++) {
        ask(paths[i], round->must_work);
    }
    if (evprof_reload(round->prof, &err) != 0 &&
        (round->must_work || err.message[0] == '\0')) {
        violate("reload", "", err.message);
    }
    ask("goroutine?debug=1", round->must_work);
    event_base_loopbreak(round->base);
    return NULL;
}

static void
keep_turning(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* An application that tries again makes it in the end. */
static bool
open_profiler(round_t *round, const char *conf)
{
    evprof_error_t err;
    for (int i = 0; i < TRIES; i++) {
        err.message[0] = '\0';
        if (round->prof == NULL) {
            round->prof = evprof_new(conf, &err);
        }
        if (round->prof != NULL &&
            evprof_evhttp_mount(round->prof, round->http, &err) == 0) {
            return true;
        }
        if (round->must_work || err.message[0] == '\0') {
            violate("new or mount", "", err.message);
        }
    }
    return false;
}

static void
run_round(const char *conf, bool must_work)
{
    round_t round = { .must_work = must_work };
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    const struct timeval often = { .tv_usec = 1000 };
    round.base = event_base_new();
    round.http = evhttp_new(round.base);
    struct evhttp_bound_socket *socket =
        evhttp_bind_socket_with_handle(round.http, "127.0.0.1", 0);
    getsockname(evhttp_bound_socket_get_fd(socket),
                (struct sockaddr *)&address, &len);
    port = ntohs(address.sin_port);
    if (&fault_is_on != NULL) {
        atomic_store(&fault_is_on, !must_work);
    }
    if (open_profiler(&round, conf)) {
        pthread_t client;
        struct event *turn =
            event_new(round.base, -1, EV_PERSIST, keep_turning, NULL);
        event_add(turn, &often);
        pthread_create(&client, NULL, ask_all, &round);
        event_base_dispatch(round.base);
        pthread_join(client, NULL);
        event_free(turn);
        (void)evprof_evhttp_unmount(round.prof, round.http);
    }
    evprof_free(round.prof);
    evhttp_free(round.http);
    event_base_free(round.base);
}

int
main(int argc, char **argv)
{
    pthread_t burner;
    (void)argc;
    alarm(PATIENCE_S);
    signal(SIGPIPE, SIG_IGN);
    pthread_create(&burner, NULL, burn, NULL);
    run_round(argv[1], false);
    run_round(argv[1], true);
    atomic_store(&is_over, true);
    pthread_join(burner, NULL);
    if (fault_print != NULL) {
        fault_print();
    }
    return violations > 0;
}
