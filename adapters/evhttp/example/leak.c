/* SPDX-License-Identifier: Apache-2.0 */
/* A server with a leak: each request to /append keeps what was sent for good,
 * each request to /echo only until it is answered. /debug/pprof/heap shows
 * where the memory went. usage: evprof-leak [PORT [CONF]] */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evhttp.h>

#define ENTRY_SIZE 4096

/* The log, which is never trimmed. */
static struct entry {
    struct entry *next;
    char text[ENTRY_SIZE];
} * entries;

static void
append_entry(const char *text)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    if (entry != NULL) {
        strncpy(entry->text, text, sizeof(entry->text) - 1);
        entry->next = entries;
        entries = entry;
    }
}

static void
on_append(struct evhttp_request *req, void *ctx)
{
    (void)ctx;
    for (int i = 0; i < 100; i++) {
        append_entry(evhttp_request_get_uri(req));
    }
    evhttp_send_reply(req, HTTP_OK, NULL, NULL);
}

static void
on_echo(struct evhttp_request *req, void *ctx)
{
    struct evbuffer *out = evhttp_request_get_output_buffer(req);
    (void)ctx;
    for (int i = 0; i < 100; i++) {
        char *copy = malloc(ENTRY_SIZE);
        if (copy != NULL) {
            (void)snprintf(copy, ENTRY_SIZE, "%s", evhttp_request_get_uri(req));
            evbuffer_add_printf(out, "%s\n", copy);
        }
        free(copy);
    }
    evhttp_send_reply(req, HTTP_OK, NULL, NULL);
}

int
main(int argc, char **argv)
{
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", (uint16_t)port);
    struct sockaddr_in at = { .sin_family = AF_INET };
    if (bound == NULL || getsockname(evhttp_bound_socket_get_fd(bound),
                                     (void *)&at, &(socklen_t){ sizeof(at) })) {
        return EXIT_FAILURE;
    }
    evhttp_set_cb(http, "/append", on_append, NULL);
    evhttp_set_cb(http, "/echo", on_echo, NULL);
    evprof_evhttp_mount(evprof_new(argc > 2 ? argv[2] : NULL, NULL), http,
                        NULL);
    printf("http://127.0.0.1:%u/debug/pprof/\n", ntohs(at.sin_port));
    (void)fflush(stdout);
    return event_base_dispatch(base);
}
