/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_PUSH_GRPC_H
#define TESTS_E2E_PUSH_GRPC_H

/*
 * Parca's way in, before an engine: a gRPC server by nghttp2, without TLS,
 * whose clients know that it speaks HTTP/2. It checks what gRPC asks of a
 * request.
 */

#include "tests/e2e/push/engine.h"

typedef struct grpc_server {
    engine_t *engine;
    int listener;
    unsigned short port;
    pthread_t thread;
    _Atomic int code;    /* all get this status; 0: taken; -1: none at all */
    const char *message; /* with it, as it is sent */
    _Atomic int refused;
    _Atomic int connections;
} grpc_server_t;

/* Listens on a port of the kernel's choice. */
void grpc_open(grpc_server_t *s, engine_t *engine);
void grpc_close(grpc_server_t *s);

#endif
