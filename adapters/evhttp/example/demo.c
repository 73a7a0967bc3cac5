/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo: starts the example server, keeps it busy over loopback, takes a CPU
 * profile from it over HTTP as any client would, and shows it with the tool.
 *
 * usage: evprof-demo EXAMPLE TOOL PROFILE     (PROFILE: the file to write)
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 3
#define CLIENTS 4

/* Longer than the profile, for a machine that is busy with other things. */
#define PATIENCE_S 60

static const char *const paths[] = { "/hash", "/primes" };

struct demo {
    struct event_base *base;
    int port;
    const char *file;
    long requests;
    int status; /* exit status so far */
};

/* Starts the server; the port is in the line it prints. */
static pid_t
start_server(const char *program, int *port)
{
    int ends[2];
    char line[128] = "";
    if (pipe(ends) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "0", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *said = fdopen(ends[0], "r");
    bool is_up = said != NULL && fgets(line, sizeof(line), said) != NULL;
    char *colon = strrchr(line, ':');
    if (is_up && colon != NULL) {
        *port = (int)strtol(colon + 1, NULL, 10);
    }
    if (said != NULL) {
        fclose(said);
    }
    return pid;
}

struct client {
    struct demo *demo;
    struct evhttp_connection *connection;
    unsigned turn;
};

static void on_answer(struct evhttp_request *req, void *ctx);

static void
ask_again(struct client *c)
{
    struct evhttp_request *req = evhttp_request_new(on_answer, c);
    evhttp_add_header(evhttp_request_get_output_headers(req), "Host",
                      "127.0.0.1");
    evhttp_make_request(c->connection, req, EVHTTP_REQ_GET,
                        paths[c->turn++ % 2]);
}

static void
on_answer(struct evhttp_request *req, void *ctx)
{
    struct client *c = ctx;
    if (req != NULL) {
        c->demo->requests++;
        ask_again(c);
    }
}

static void
on_profile(struct evhttp_request *req, void *ctx)
{
    struct demo *demo = ctx;
    int code = req == NULL ? 0 : evhttp_request_get_response_code(req);
    if (code != HTTP_OK) {
        fprintf(stderr, "demo: the server answered %d\n", code);
        event_base_loopbreak(demo->base);
        return;
    }
    int fd = open(demo->file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    struct evbuffer *body = evhttp_request_get_input_buffer(req);
    while (fd >= 0 && evbuffer_get_length(body) > 0 &&
           evbuffer_write(body, fd) > 0) {
    }
    if (fd >= 0 && evbuffer_get_length(body) == 0 && close(fd) == 0) {
        demo->status = 0;
    } else {
        perror(demo->file);
    }
    event_base_loopbreak(demo->base);
}

static void
ask_for_profile(struct demo *demo, struct evhttp_connection *connection)
{
    char path[64];
    struct evhttp_request *req = evhttp_request_new(on_profile, demo);
    snprintf(path, sizeof(path), "/debug/pprof/profile?seconds=%d", SECONDS);
    evhttp_add_header(evhttp_request_get_output_headers(req), "Host",
                      "127.0.0.1");
    evhttp_make_request(connection, req, EVHTTP_REQ_GET, path);
}

static struct evhttp_connection *
connect_to(struct demo *demo)
{
    struct evhttp_connection *connection = evhttp_connection_base_new(
        demo->base, NULL, "127.0.0.1", (ev_uint16_t)demo->port);
    evhttp_connection_set_timeout(connection, PATIENCE_S);
    return connection;
}

static void
load_and_profile(struct demo *demo)
{
    struct client clients[CLIENTS];
    demo->base = event_base_new();
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){ demo, connect_to(demo), i };
        ask_again(&clients[i]);
    }
    struct evhttp_connection *connection = connect_to(demo);
    ask_for_profile(demo, connection);
    printf("profiling http://127.0.0.1:%d/debug/pprof/profile?seconds=%d "
           "under load ...\n",
           demo->port, SECONDS);
    fflush(stdout);
    event_base_loopexit(demo->base, &(struct timeval){ PATIENCE_S, 0 });
    event_base_dispatch(demo->base);
    printf("%ld requests answered meanwhile\n", demo->requests);
    fflush(stdout);
    evhttp_connection_free(connection);
    for (unsigned i = 0; i < CLIENTS; i++) {
        evhttp_connection_free(clients[i].connection);
    }
    event_base_free(demo->base);
}

static int
show(const char *tool, const char *file)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execl(tool, tool, "-top", "-nodecount=12", file, (char *)NULL);
        perror(tool);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s EXAMPLE TOOL PROFILE\n", argv[0]);
        return 2;
    }
    struct demo demo = { .file = argv[3], .status = 1 };
    pid_t server = start_server(argv[1], &demo.port);
    if (demo.port == 0) {
        fprintf(stderr, "demo: %s did not say where it listens\n", argv[1]);
    } else {
        load_and_profile(&demo);
    }
    if (server > 0) {
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
    }
    return demo.status != 0 ? demo.status : show(argv[2], argv[3]);
}
