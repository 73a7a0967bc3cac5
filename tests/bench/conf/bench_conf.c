/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What judging a request costs the event loop, beside what libevent itself does
 * with the headers of that request, and what a password hash would cost there.
 * Budget: address rules add at most 1 us. usage: bench_conf
 */
#include <arpa/inet.h>
#include <crypt.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "core/access/access.h"
#include "core/base/buf.h"
#include "tests/memory_file.h"

enum { ROUNDS = 9, CALLS = 200000 };

static const evprof_module_t *const modules[] = { NULL };
static const evprof_section_t *const sections[] = { &evprof_access_section,
                                                    NULL };
static const evprof_schema_t schema = { .modules = modules,
                                        .sections = sections };

static double
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static const char *
find_header(void *headers, const char *name)
{
    return evhttp_find_header(headers, name);
}

/* The headers that a scraper sends. */
static void
fill_headers(struct evkeyvalq *headers)
{
    static const char *const rows[][2] = {
        { "Host", "127.0.0.1:6060" },   { "User-Agent", "Alloy/1.4" },
        { "Accept-Encoding", "gzip" },  { "Accept", "*/*" },
        { "Connection", "keep-alive" },
    };
    TAILQ_INIT(headers);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evhttp_add_header(headers, rows[i][0], rows[i][1]);
    }
}

/* `count` rules of which the last one matches. */
static evprof_config_t *
make_config(int count)
{
    evprof_buf_t text = { 0 };
    evprof_config_t *config = NULL;
    evprof_error_t err = { 0 };
    evprof_buf_puts(&text, "pprof { ");
    for (int i = 1; i < count; i++) {
        evprof_buf_printf(&text, "deny 10.%d.0.0/16; ", i);
    }
    evprof_buf_puts(&text, count > 0 ? "allow 127.0.0.0/8; }" : "}");
    char path[MEMORY_FILE_PATH];
    int fd = memory_file(text.data, text.len, path);
    if (evprof_config_load(path, &schema, &config, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    evprof_buf_free(&text);
    close(fd);
    return config;
}

static double
time_judge(const evprof_access_conf_t *conf, struct evkeyvalq *headers)
{
    struct sockaddr_in peer = { .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    evprof_access_request_t request = { .peer = (void *)&peer,
                                        .header = find_header,
                                        .ctx = headers };
    double begin = now_ns();
    for (int i = 0; i < CALLS; i++) {
        const char *reason;
        if (evprof_access_judge(conf, &request, &reason) !=
            EVPROF_ACCESS_ALLOW) {
            exit(EXIT_FAILURE);
        }
    }
    return (now_ns() - begin) / CALLS;
}

/* What libevent does for the same request anyway: its five headers, copied. */
static double
time_headers(void)
{
    double begin = now_ns();
    for (int i = 0; i < CALLS; i++) {
        struct evkeyvalq headers;
        fill_headers(&headers);
        evhttp_clear_headers(&headers);
    }
    return (now_ns() - begin) / CALLS;
}

static double
time_hash(const char *setting)
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    double begin = now_ns();
    if (data == NULL || crypt_r("correct horse", setting, data) == NULL) {
        exit(EXIT_FAILURE);
    }
    free(data);
    return now_ns() - begin;
}

static double
median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return values[count / 2];
}

int
main(void)
{
    static const int counts[] = { 0, 1, 4, 20, 100 };
    enum { COUNTS = 5 };
    double judge[COUNTS][ROUNDS];
    double own[ROUNDS];
    struct evkeyvalq headers;
    evprof_config_t *configs[COUNTS];
    fill_headers(&headers);
    for (int k = 0; k < COUNTS; k++) {
        configs[k] = make_config(counts[k]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < COUNTS; k++) {
            judge[k][round] = time_judge(
                evprof_config_section(configs[k], &evprof_access_section, NULL),
                &headers);
        }
        own[round] = time_headers();
    }
    printf("one request, ns of CPU time, median of %d\n", ROUNDS);
    for (int k = 0; k < COUNTS; k++) {
        printf("  judged by %3d address rules  %8.0f   (budget 1000)\n",
               counts[k], median(judge[k], ROUNDS));
        evprof_config_unref(configs[k]);
    }
    printf("  libevent copies its headers   %8.0f\n", median(own, ROUNDS));
    printf("  a bcrypt hash, cost 10        %8.0f   (on the worker)\n",
           time_hash("$2y$10$abcdefghijklmnopqrstuu"));
    printf("  a SHA-512 hash, 5000 rounds   %8.0f   (on the worker)\n",
           time_hash("$6$saltsalt"));
    evhttp_clear_headers(&headers);
    return EXIT_SUCCESS;
}
