/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_CONF_HTTP_H
#define TESTS_E2E_CONF_HTTP_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <evprof/evprof.h>

/* ThreadSanitizer starts no threads in a forked child, and puts signals off
 * until they have no stack to show. */
#if defined(__SANITIZE_THREAD__)
#define TEST_SKIP_UNDER_TSAN()                                                 \
    do {                                                                       \
        print_message("not under ThreadSanitizer\n");                          \
        skip();                                                                \
    } while (0)
#else
#define TEST_SKIP_UNDER_TSAN() (void)0
#endif

/* Where a request goes and what it carries. */
typedef struct test_request {
    const char *from;      /* an address to bind to, NULL: any */
    const char *unix_path; /* NULL: 127.0.0.1 and `port` */
    int port;
    const char *method;  /* NULL: GET */
    const char *path;    /* below /debug/pprof/, or from the root with a / */
    const char *headers; /* lines, each with its CRLF; NULL: none */
} test_request_t;

typedef struct test_reply {
    int status;
    char text[65536]; /* headers and body */
} test_reply_t;

/* A connection with the request sent; the caller reads or closes it. */
int test_send(const test_request_t *request);

/* Reads a reply to its end and closes the connection; its status. */
int test_receive(int fd, test_reply_t *reply);

/* Both; the status. */
int test_get(const test_request_t *request, test_reply_t *reply);

/* The port that the kernel chose for the last `listen`, by the log of level
 * info in the file "log" of the folder. */
int test_port_in_log(const char *folder);

/* A server with an evhttp on a thread of its own, profiles mounted. */
typedef struct test_server test_server_t;
test_server_t *test_server_start(evprof_t *prof);
int test_server_port(const test_server_t *server);
void test_server_stop(test_server_t *server);

/* A folder for files of the test, removed at the end, and a file in it. */
char *test_folder(void);
void test_folder_remove(char *folder);
char *test_file(const char *folder, const char *name, const char *text);

/* A profiler by a configuration "conf" in `folder`; fails the test if not. */
evprof_t *test_profiler(const char *folder, const char *text);

#endif
