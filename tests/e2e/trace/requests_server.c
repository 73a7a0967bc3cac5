/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: requests_server CONF [fork]
 * A server whose /slow answers from a timer, long after its callback, and whose
 * generic callback answers at once. Prints its port. With `fork` a child serves
 * and ends with its parent; its process number is printed too.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evprof/evhttp.h>
#include <evprof/trace.h>

static void
answer_late(evutil_socket_t fd, short what, void *req)
{
    struct evbuffer *body = evbuffer_new();
    (void)fd;
    (void)what;
    evbuffer_add_printf(body, "late\n");
    evprof_trace_log(evprof_evhttp_request(NULL, req), "kind", "late");
    evhttp_send_reply(req, 200, "OK", body);
    evbuffer_free(body);
}

static void
slow(struct evhttp_request *req, void *base)
{
    const struct timeval delay = { .tv_usec = 20000 };
    evprof_trace_log(evprof_evhttp_request(NULL, req), "kind", "slow");
    /* The delay counts from now, not from when the loop woke. */
    event_base_update_cache_time(base);
    event_base_once(base, -1, EV_TIMEOUT, answer_late, req, &delay);
}

static void
others(struct evhttp_request *req, void *arg)
{
    volatile double sum = 0;
    (void)arg;
    for (int i = 1; i < 400000; i++) {
        sum += 1.0 / i;
    }
    evhttp_send_error(req, 404, "Not Found");
}

int
main(int argc, char **argv)
{
    evprof_error_t err;
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    evhttp_set_cb(http, "/slow", slow, base);
    evhttp_set_gencb(http, others, NULL);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    evprof_t *prof = evprof_new(argc > 1 ? argv[1] : NULL, &err);
    if (prof == NULL || evprof_evhttp_mount(prof, http, &err) != 0 ||
        getsockname(evhttp_bound_socket_get_fd(bound),
                    (struct sockaddr *)&address, &len) != 0) {
        return 1;
    }
    if (argc > 2) {
        pid_t parent = getpid();
        pid_t child = fork();
        if (child != 0) {
            printf("%d %d\n", ntohs(address.sin_port), (int)child);
            fflush(stdout);
            return wait(NULL) < 0;
        }
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent || event_reinit(base) != 0) {
            return 1;
        }
    } else {
        printf("%d\n", ntohs(address.sin_port));
        fflush(stdout);
    }
    return event_base_dispatch(base);
}
