/* SPDX-License-Identifier: Apache-2.0 */
/* Every endpoint with its methods and parameters: codes, headers and texts as
 * net/http/pprof has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/evhttp/server.h"

#define TEXT "text/plain; charset=utf-8"
#define HTML "text/html; charset=utf-8"
#define PROTO "application/octet-stream"
#define PREFIX "/debug/pprof/"
#define FIRST "HTTP/1.1 "

static evprof_t *prof;
static server_t server;

struct row {
    const char *request;
    const char *headers;
    int code;
    const char *type;
    const char *file; /* of Content-Disposition, NULL: no such header */
    const char *body; /* exact, or its beginning when it ends in "..." */
};

static const char bad_seconds[] =
    "invalid value for \"seconds\" - must be a positive integer\n";
static const char over_seconds[] =
    "\"seconds\" must not be above 300 (max_seconds)\n";
static const char unknown[] = "Unknown profile\n";
static const char via_proxy[] =
    "access denied: this request came through a proxy: the configuration must "
    "say who may ask\n";

static const struct row rows[] = {
    { "GET " PREFIX, NULL, 200, HTML, NULL, "<!DOCTYPE html>..." },
    { "HEAD " PREFIX, NULL, 200, HTML, NULL, "" },
    { "GET " PREFIX "?debug=1", NULL, 200, HTML, NULL, "<!DOCTYPE html>..." },
    { "POST " PREFIX, NULL, 405, TEXT, NULL, "Method Not Allowed\n" },
    { "GET /debug/pprof", NULL, 301, TEXT, NULL, "..." },
    { "GET " PREFIX "status", NULL, 200, TEXT, NULL,
      "prefix: /debug/pprof/\n..." },
    { "GET " PREFIX "cmdline", NULL, 200, TEXT, NULL, "..." },
    { "HEAD " PREFIX "cmdline", NULL, 200, TEXT, NULL, "" },
    { "PUT " PREFIX "cmdline", NULL, 405, TEXT, NULL, "Method Not Allowed\n" },
    { "DELETE " PREFIX "profile", NULL, 405, TEXT, NULL,
      "Method Not Allowed\n" },
    { "GET " PREFIX "symbol", NULL, 200, TEXT, NULL, "num_symbols: 1\n" },
    { "GET " PREFIX "symbol?0x1+junk+0", NULL, 200, TEXT, NULL,
      "num_symbols: 1\n" },
    { "GET " PREFIX "trace?seconds=0.01", NULL, 200, PROTO, "trace",
      "go 1.23 trace..." },
    { "HEAD " PREFIX "trace", NULL, 200, PROTO, "trace", "" },
    { "GET " PREFIX "trace?flight=1", NULL, 404, TEXT, NULL, "..." },
    { "GET " PREFIX "profile?seconds=1", NULL, 200, PROTO, "profile",
      "\x1f\x8b..." },
    { "GET " PREFIX "profile?debug=1&seconds=1", NULL, 200, PROTO, "profile",
      "\x1f\x8b..." },
    { "HEAD " PREFIX "profile?seconds=200", NULL, 200, PROTO, "profile", "" },
    { "HEAD " PREFIX "profile", NULL, 200, PROTO, "profile", "" },
    { "GET " PREFIX "profile?seconds=301", NULL, 400, TEXT, NULL,
      over_seconds },
    { "HEAD " PREFIX "profile?seconds=301", NULL, 400, TEXT, NULL, "" },
    { "GET " PREFIX "Heap", NULL, 404, TEXT, NULL, unknown },
    { "GET " PREFIX "heap/", NULL, 404, TEXT, NULL, unknown },
    { "GET " PREFIX "profile/", NULL, 404, TEXT, NULL, unknown },
    { "GET " PREFIX "%3Cscript%3Ealert(1)%3C/script%3E", NULL, 404, TEXT, NULL,
      unknown },
    { "GET " PREFIX "cmdline", "Via: 1.1 a\r\n", 403, TEXT, NULL, via_proxy },
    { "GET " PREFIX, "X-Forwarded-For: 127.0.0.1\r\n", 403, TEXT, NULL,
      via_proxy },
    { "GET " PREFIX "nope", "x-real-ip: 127.0.0.1\r\n", 403, TEXT, NULL,
      via_proxy },
    { "GET /debug/pprof", "forwarded: for=127.0.0.1\r\n", 403, TEXT, NULL,
      via_proxy },
    { "POST " PREFIX "symbol", "Forwarded: for=127.0.0.1\r\n", 403, TEXT, NULL,
      via_proxy },
};

/* Of profiles that can be had as a snapshot; NAME stands for the profile. */
static const struct row snapshot_rows[] = {
    { "?seconds=-1", NULL, 400, TEXT, NULL, bad_seconds },
    { "?seconds=0", NULL, 400, TEXT, NULL, bad_seconds },
    { "?seconds=x", NULL, 400, TEXT, NULL, bad_seconds },
    { "?seconds=1.5", NULL, 400, TEXT, NULL, bad_seconds },
    { "?debug=1&seconds=x", NULL, 400, TEXT, NULL, bad_seconds },
    { "?seconds=1&debug=1", NULL, 400, TEXT, NULL,
      "seconds and debug params are incompatible\n" },
    { "?seconds=301", NULL, 400, TEXT, NULL, over_seconds },
    { "?seconds=", NULL, 200, PROTO, "NAME", "\x1f\x8b..." },
    { "?debug=x", NULL, 200, PROTO, "NAME", "\x1f\x8b..." },
    { "?a&debug=0", NULL, 200, PROTO, "NAME", "\x1f\x8b..." },
    { "?debug=1", NULL, 200, TEXT, NULL, "..." },
    { "?debug=-1", NULL, 200, TEXT, NULL, "..." },
    { "?a&%zz=1&debug=1&debug=0", NULL, 200, TEXT, NULL, "..." },
    { "?seconds=1", NULL, 200, PROTO, "NAME-delta", "\x1f\x8b..." },
};

static void
check_body(const struct row *row, const char *request, const reply_t *reply)
{
    size_t len = strlen(row->body);
    if (len >= 3 && strcmp(row->body + len - 3, "...") == 0) {
        len -= 3;
        assert_true(reply->body_len >= len);
    } else if (reply->body_len != len) {
        fail_msg("%s: body is \"%s\"", request, reply->body);
    }
    if (memcmp(reply->body, row->body, len) != 0) {
        fail_msg("%s: body is \"%s\"", request, reply->body);
    }
}

static void
check_headers(const struct row *row, const char *file, const reply_t *reply)
{
    char wanted[256];
    assert_string_equal(reply_header(reply, "Content-Type"), row->type);
    assert_string_equal(reply_header(reply, "X-Content-Type-Options"),
                        "nosniff");
    const char *disposition = reply_header(reply, "Content-Disposition");
    if (file == NULL) {
        assert_null(disposition);
    } else {
        snprintf(wanted, sizeof(wanted), "attachment; filename=\"%s\"", file);
        assert_non_null(disposition);
        assert_string_equal(disposition, wanted);
    }
    const char *mark = reply_header(reply, "X-Go-Pprof");
    if (row->code >= 400) {
        assert_non_null(mark);
        assert_string_equal(mark, "1");
    } else {
        assert_null(mark);
    }
}

static void
check_row(const struct row *row, const char *request, const char *file)
{
    reply_t reply;
    client_ask(server.port, request, row->headers, NULL, &reply);
    if (reply.code != row->code) {
        fail_msg("%s: %d instead of %d: %s", request, reply.code, row->code,
                 reply.body != NULL ? reply.body : "");
    }
    check_headers(row, file, &reply);
    check_body(row, request, &reply);
    reply_free(&reply);
}

static void
test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], rows[i].request, rows[i].file);
    }
}

/* Whether a snapshot of the profile can be had in this process at all: heap
 * needs a jemalloc that profiles. */
static bool
is_served(const char *name)
{
    char request[128];
    reply_t reply;
    snprintf(request, sizeof(request), "GET " PREFIX "%s", name);
    client_ask(server.port, request, NULL, NULL, &reply);
    bool is_ours = reply.code == 200 &&
                   reply_header(&reply, "Content-Disposition") != NULL;
    reply_free(&reply);
    return is_ours;
}

static void
check_snapshots(const char *name)
{
    for (size_t i = 0; i < sizeof(snapshot_rows) / sizeof(snapshot_rows[0]);
         i++) {
        const struct row *row = &snapshot_rows[i];
        char request[256];
        char file[256] = "";
        snprintf(request, sizeof(request), "GET " PREFIX "%s%s", name,
                 row->request);
        if (row->file != NULL) {
            snprintf(file, sizeof(file), "%s%s", name, row->file + 4);
        }
        check_row(row, request, row->file != NULL ? file : NULL);
    }
}

static void
test_snapshot_parameters(void **state)
{
    (void)state;
    evprof_profile_t *profiles[64];
    size_t count = evprof_profiles(prof, profiles, 64);
    size_t checked = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = evprof_profile_name(profiles[i]);
        /* The first two have windows, the third is of a moment only. */
        if (strcmp(name, "cpu") != 0 && strcmp(name, "wall") != 0 &&
            strcmp(name, "deadlock") != 0 && is_served(name)) {
            check_snapshots(name);
            checked++;
        }
    }
    print_message("%zu profiles checked\n", checked);
}

static void
test_cmdline(void **state)
{
    (void)state;
    char wanted[4096];
    FILE *file = fopen("/proc/self/cmdline", "r");
    assert_non_null(file);
    size_t len = fread(wanted, 1, sizeof(wanted), file);
    fclose(file);
    reply_t reply;
    client_ask(server.port, "GET " PREFIX "cmdline", NULL, NULL, &reply);
    assert_int_equal(reply.body_len, len - 1);
    assert_memory_equal(reply.body, wanted, len - 1);
    reply_free(&reply);
}

/* Gateways ask in HTTP/1.0, and must notice a profile that was cut short. */
static void
test_old_protocol(void **state)
{
    (void)state;
    reply_t reply;
    int fd = client_connect(server.port);
    client_send(fd, "GET " PREFIX "symbol HTTP/1.0\r\n\r\n");
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, 200);
    assert_non_null(reply_header(&reply, "Content-Length"));
    assert_string_equal(reply.body, "num_symbols: 1\n");
    reply_free(&reply);
    close(fd);
}

static void
test_redirect(void **state)
{
    (void)state;
    reply_t reply;
    client_ask(server.port, "GET /debug/pprof", NULL, NULL, &reply);
    assert_string_equal(reply_header(&reply, "Location"), PREFIX);
    reply_free(&reply);
}

/* Exported, so that it has a name in .dynsym even where .symtab is stripped. */
__attribute__((noinline, visibility("default"))) int known_function(int value);

int
known_function(int value)
{
    return value * 3 + (int)getpid();
}

static void
test_symbol(void **state)
{
    (void)state;
    char query[128];
    char request[256];
    char wanted[256];
    uintptr_t pc = (uintptr_t)known_function + 1;
    assert_true(known_function(1) != 0);
    snprintf(query, sizeof(query), "%#lx+0x10+%lu", (unsigned long)pc,
             (unsigned long)pc);
    snprintf(wanted, sizeof(wanted),
             "num_symbols: 1\n%#lx known_function\n%#lx known_function\n",
             (unsigned long)pc, (unsigned long)pc);
    snprintf(request, sizeof(request), "GET " PREFIX "symbol?%s", query);
    reply_t reply;
    client_ask(server.port, request, NULL, NULL, &reply);
    assert_string_equal(reply.body, wanted);
    reply_free(&reply);
    client_ask(server.port, "POST " PREFIX "symbol", NULL, query, &reply);
    assert_int_equal(reply.code, 200);
    assert_string_equal(reply.body, wanted);
    reply_free(&reply);
}

/* Addresses in the hundred thousands are answered, a body above 4 MiB not. */
static void
test_symbol_large(void **state)
{
    (void)state;
    size_t len = (4u << 20) + 1;
    char *body = malloc(len + 1);
    assert_non_null(body);
    for (size_t i = 0; i < len; i++) {
        body[i] = "0x1+"[i % 4];
    }
    body[len] = '\0';
    reply_t reply;
    client_ask(server.port, "POST " PREFIX "symbol", NULL, body, &reply);
    assert_int_equal(reply.code, 413);
    assert_string_equal(reply_header(&reply, "X-Go-Pprof"), "1");
    reply_free(&reply);
    body[4u << 20] = '\0';
    client_ask(server.port, "POST " PREFIX "symbol", NULL, body, &reply);
    assert_int_equal(reply.code, 200);
    assert_string_equal(reply.body, "num_symbols: 1\n");
    reply_free(&reply);
    free(body);
}

static void
test_second_cpu_profile(void **state)
{
    (void)state;
    int fd = client_connect(server.port);
    client_send(fd, "GET " PREFIX "profile?seconds=2 HTTP/1.1\r\n\r\n");
    client_await(server.port, "GET " PREFIX "profile?seconds=1&rate=99", 500);
    reply_t reply;
    client_ask(server.port, "GET " PREFIX "profile?seconds=1&rate=99", NULL,
               NULL, &reply);
    assert_int_equal(reply.code, 500);
    const char *retry = reply_header(&reply, "Retry-After");
    assert_non_null(retry);
    assert_in_range(atoi(retry), 1, 2);
    assert_string_equal(reply.body, "Could not enable CPU profiling: cpu "
                                    "profiling already in use\n");
    assert_string_equal(reply_header(&reply, "X-Go-Pprof"), "1");
    assert_null(reply_header(&reply, "Content-Disposition"));
    reply_free(&reply);
    client_ask(server.port, "GET " PREFIX "profile?seconds=1&rate=1001", NULL,
               NULL, &reply);
    assert_int_equal(reply.code, 400);
    reply_free(&reply);
    /* One of the same rate, or of any, joins it. */
    client_ask(server.port, "GET " PREFIX "profile?seconds=1&rate=100", NULL,
               NULL, &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
    client_ask(server.port, "GET " PREFIX "profile?seconds=1", NULL, NULL,
               &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
    /* Neither does the first one block others, nor is it disturbed. */
    client_ask(server.port, "GET " PREFIX "cmdline", NULL, NULL, &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
    client_read(fd, true, &reply);
    assert_int_equal(reply.code, 200);
    reply_free(&reply);
    close(fd);
}

static void
test_index_links(void **state)
{
    (void)state;
    reply_t reply;
    client_ask(server.port, "GET " PREFIX, NULL, NULL, &reply);
    assert_non_null(strstr(reply.body, "href=\"cmdline\">"));
    assert_non_null(strstr(reply.body, "<a href=\"status\">"));
    assert_non_null(strstr(reply.body, ">profile<"));
    assert_non_null(strstr(reply.body, "<form action=\"profile\""));
    assert_non_null(strstr(reply.body, "records nothing"));
    assert_null(strstr(reply.body, "href=\"profile"));
    assert_null(strstr(reply.body, "href=\"trace"));
    reply_free(&reply);
}

/* The page says who the process is; numbers have a sentence each. */
static void
test_pages_explain(void **state)
{
    (void)state;
    reply_t reply;
    char pid[64];
    (void)snprintf(pid, sizeof(pid), "process %ld<", (long)getpid());
    client_ask(server.port, "GET " PREFIX, NULL, NULL, &reply);
    assert_non_null(strstr(reply.body, pid));
    assert_null(strstr(reply.body, "@P"));
    reply_free(&reply);
    client_ask(server.port, "GET " PREFIX "status?format=html", NULL, NULL,
               &reply);
    assert_int_equal(reply.code, 200);
    assert_string_equal(reply_header(&reply, "Content-Type"),
                        "text/html; charset=utf-8");
    assert_non_null(strstr(reply.body, "<code>cpu.rate</code>"));
    assert_null(strstr(reply.body, "<td></td></tr>"));
    reply_free(&reply);
    client_ask(server.port, "GET " PREFIX "status", NULL, NULL, &reply);
    assert_non_null(strstr(reply.body, "cpu.rate: "));
    reply_free(&reply);
}

/* What the index says behind the name of a profile. */
static void
check_state(const char *name, const char *text)
{
    reply_t reply;
    char want[128];
    (void)snprintf(want, sizeof(want), "<h2>%s</h2><p class=\"state\">%s</p>",
                   name, text);
    client_ask(server.port, "GET " PREFIX, NULL, NULL, &reply);
    if (strstr(reply.body, want) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", want, reply.body);
    }
    reply_free(&reply);
}

static void
test_index_counts(void **state)
{
    (void)state;
    int value;
    evprof_error_t err;
    evprof_profile_t *own = evprof_profile_new(prof, "my.values", &err);
    assert_non_null(own);
    check_state("my.values", "");
    assert_int_equal(evprof_profile_add(own, &value, 0), 0);
    check_state("my.values", "1 now");
    assert_int_equal(evprof_profile_remove(own, &value), 0);
    check_state("my.values", "");
}

static int
refuse(struct evhttp_request *req, void *ctx)
{
    (void)req;
    ++*(int *)ctx;
    return -1;
}

static void
set_veto(server_t *s, void *count)
{
    (void)s;
    evprof_evhttp_set_authorize(prof, count != NULL ? refuse : NULL, count);
}

static void
test_veto(void **state)
{
    (void)state;
    int count = 0;
    server_call(&server, set_veto, &count);
    reply_t reply;
    client_ask(server.port, "GET " PREFIX "cmdline", NULL, NULL, &reply);
    assert_int_equal(reply.code, 403);
    assert_int_equal(count, 1);
    reply_free(&reply);
    /* It is not even asked where a rule refuses. */
    client_ask(server.port, "GET " PREFIX "cmdline", "Via: a\r\n", NULL,
               &reply);
    assert_int_equal(reply.code, 403);
    assert_int_equal(count, 1);
    reply_free(&reply);
    server_call(&server, set_veto, NULL);
}

/* The prefix as a whole goes through the index, as with a prefix router. */
static void
bind_index(server_t *s, void *arg)
{
    (void)arg;
    evprof_error_t err;
    evhttp_set_gencb(s->http, evprof_evhttp_index, prof);
    assert_int_equal(evprof_evhttp_mount(prof, s->http, &err), 0);
}

static int
open_server(void **state)
{
    (void)state;
    evprof_error_t err;
    prof = evprof_new(NULL, &err);
    assert_non_null(prof);
    server_open(&server);
    bind_index(&server, NULL);
    server_run(&server);
    return 0;
}

static int
close_server(void **state)
{
    (void)state;
    server_close(&server);
    evprof_free(prof);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_snapshot_parameters),
        cmocka_unit_test(test_cmdline),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(test_old_protocol),
        cmocka_unit_test(test_symbol),
        cmocka_unit_test(test_symbol_large),
        cmocka_unit_test(test_second_cpu_profile),
        cmocka_unit_test(test_index_links),
        cmocka_unit_test(test_pages_explain),
        cmocka_unit_test(test_index_counts),
        cmocka_unit_test(test_veto),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
