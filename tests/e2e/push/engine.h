/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_PUSH_ENGINE_H
#define TESTS_E2E_PUSH_ENGINE_H

/*
 * A small engine: it takes profiles in the two ways in which Pyroscope takes
 * them (and in Parca's by grpc.h), decodes them by the generated code of the
 * public formats, and keeps what they say. It can be out of order in several
 * ways.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/e2e/evhttp/server.h"

enum { ENGINE_LABELS = 8, ENGINE_KEPT = 4096 };

typedef struct engine_profile {
    char way[32]; /* push, ingest, writeraw */
    char labels[ENGINE_LABELS][2][128];
    char id[64];
    char query[512]; /* of ingest */
    char header[64]; /* X-Scope-OrgID */
    int64_t sums[8]; /* of its columns */
    int64_t held[8]; /* of samples with the function hold_for_push() */
    int64_t time_ns;
    int64_t duration_ns;
    bool has_burner; /* a function of that name is in it */
} engine_profile_t;

typedef struct engine {
    server_t server;
    pthread_mutex_t lock;
    engine_profile_t kept[ENGINE_KEPT];
    int count;
    int refusal;       /* code that all get, 0: taken */
    const char *retry; /* its Retry-After */
    bool has_push_api;
    int refused;
    bool wants_poison; /* the next is one */
    char poison[64];   /* the id of the one that nobody can take */
} engine_t;

/* Adds up a profile in gzip; adds a label; keeps what is read. */
void engine_read(const void *data, size_t len, engine_profile_t *out);
void engine_add_label(engine_profile_t *out, const char *name,
                      const char *value);
void engine_keep(engine_t *engine, const engine_profile_t *profile);

/* Starts it; the profiler may be mounted on its server between both. */
void engine_open(engine_t *engine);
void engine_run(engine_t *engine);
void engine_close(engine_t *engine);

/* From now on all get `code`, 200 with a page for people; 0: they are taken. */
void engine_refuse(engine_t *engine, int code, const char *retry);

/* From now on the engine fails at one message, the next. */
void engine_poison(engine_t *engine);

int engine_refused(engine_t *engine);

/* How many of the type have come, and the sum of one of their columns. */
int engine_count(engine_t *engine, const char *name);
int64_t engine_sum(engine_t *engine, const char *name, int column);

/* The `i`th of the type, copied. */
engine_profile_t engine_profile(engine_t *engine, const char *name, int i);

/* The value of a label, "" without it. */
const char *engine_label(const engine_profile_t *profile, const char *name);

/* Waits until that many have come; fails the test after 30 s. */
void engine_await(engine_t *engine, const char *name, int count);

#endif
