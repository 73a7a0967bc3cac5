/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/push/engine.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include <cmocka.h>

#include "proto/profile.pb-c.h"
#include "proto/push.pb-c.h"

/* ---- Reading what came ---- */

static uint8_t *
inflate_all(const uint8_t *data, size_t len, size_t *out_len)
{
    size_t room = 64 * len + 65536;
    uint8_t *out = malloc(room);
    z_stream z = { .next_in = (Bytef *)(uintptr_t)data,
                   .avail_in = (uInt)len,
                   .next_out = out,
                   .avail_out = (uInt)room };
    assert_non_null(out);
    assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    *out_len = z.total_out;
    inflateEnd(&z);
    return out;
}

static bool
has_function(const Evprof__Pb__Profile *p, const Evprof__Pb__Sample *sample,
             const char *name)
{
    for (size_t i = 0; i < sample->n_location_id; i++) {
        /* Ids are counted from 1 by the order. */
        const Evprof__Pb__Location *at =
            p->location[sample->location_id[i] - 1];
        for (size_t k = 0; k < at->n_line; k++) {
            const Evprof__Pb__Function *f =
                p->function[at->line[k]->function_id - 1];
            if (strcmp(p->string_table[f->name], name) == 0) {
                return true;
            }
        }
    }
    return false;
}

void
engine_read(const void *data, size_t len, engine_profile_t *out)
{
    size_t plain_len = 0;
    uint8_t *plain = inflate_all(data, len, &plain_len);
    Evprof__Pb__Profile *p =
        evprof__pb__profile__unpack(NULL, plain_len, plain);
    assert_non_null(p);
    for (size_t i = 0; i < p->n_sample; i++) {
        bool is_held = has_function(p, p->sample[i], "hold_for_push");
        for (size_t k = 0; k < p->sample[i]->n_value && k < 8; k++) {
            out->sums[k] += p->sample[i]->value[k];
            out->held[k] += is_held ? p->sample[i]->value[k] : 0;
        }
    }
    for (size_t i = 0; i < p->n_string_table; i++) {
        out->has_burner =
            out->has_burner || strcmp(p->string_table[i], "burn_for_push") == 0;
    }
    out->time_ns = p->time_nanos;
    out->duration_ns = p->duration_nanos;
    evprof__pb__profile__free_unpacked(p, NULL);
    free(plain);
}

void
engine_add_label(engine_profile_t *out, const char *name, const char *value)
{
    int i = 0;
    while (out->labels[i][0][0] != '\0') {
        i++;
        assert_true(i < ENGINE_LABELS);
    }
    (void)snprintf(out->labels[i][0], 128, "%s", name);
    (void)snprintf(out->labels[i][1], 128, "%s", value);
}

void
engine_keep(engine_t *engine, const engine_profile_t *profile)
{
    pthread_mutex_lock(&engine->lock);
    assert_true(engine->count < ENGINE_KEPT);
    engine->kept[engine->count++] = *profile;
    pthread_mutex_unlock(&engine->lock);
}

static void
keep(engine_t *engine, struct evhttp_request *req, engine_profile_t *profile)
{
    const char *header = evhttp_find_header(
        evhttp_request_get_input_headers(req), "X-Scope-OrgID");
    (void)snprintf(profile->header, sizeof(profile->header), "%s",
                   header != NULL ? header : "");
    engine_keep(engine, profile);
    evhttp_send_reply(req, 200, NULL, NULL);
}

/* Whether the request was refused, as all are now. */
static bool
refuse(engine_t *engine, struct evhttp_request *req)
{
    pthread_mutex_lock(&engine->lock);
    int code = engine->refusal;
    const char *retry = engine->retry;
    engine->refused += code != 0;
    pthread_mutex_unlock(&engine->lock);
    if (code == 0) {
        return false;
    }
    if (code == 200) {
        struct evbuffer *page = evbuffer_new();
        evbuffer_add_printf(page, "<!doctype html><title>Log in</title>");
        evhttp_send_reply(req, code, NULL, page);
        evbuffer_free(page);
        return true;
    }
    if (retry != NULL) {
        evhttp_add_header(evhttp_request_get_output_headers(req), "Retry-After",
                          retry);
    }
    evhttp_send_error(req, code, "not now");
    return true;
}

/* Whether it is the one at which the engine fails. */
static bool
is_poison(engine_t *engine, const char *id)
{
    pthread_mutex_lock(&engine->lock);
    if (engine->wants_poison) {
        engine->wants_poison = false;
        (void)snprintf(engine->poison, sizeof(engine->poison), "%s", id);
    }
    bool is_it = strcmp(engine->poison, id) == 0;
    pthread_mutex_unlock(&engine->lock);
    return is_it;
}

static void
on_push(struct evhttp_request *req, void *arg)
{
    engine_t *engine = arg;
    engine_profile_t profile = { .way = "push" };
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    if (!engine->has_push_api) {
        evhttp_send_error(req, 404, NULL);
        return;
    }
    if (refuse(engine, req)) {
        return;
    }
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(req),
                                          "Content-Type");
    assert_string_equal(type, "application/proto");
    Evprof__Pb__PushRequest *push = evprof__pb__push_request__unpack(
        NULL, evbuffer_get_length(in), evbuffer_pullup(in, -1));
    assert_non_null(push);
    assert_int_equal(push->n_series, 1);
    const Evprof__Pb__PushSeries *series = push->series[0];
    for (size_t i = 0; i < series->n_labels; i++) {
        engine_add_label(&profile, series->labels[i]->name,
                         series->labels[i]->value);
    }
    const Evprof__Pb__PushSample *sample = series->samples[0];
    (void)snprintf(profile.id, sizeof(profile.id), "%s", sample->id);
    engine_read(sample->profile.data, sample->profile.len, &profile);
    evprof__pb__push_request__free_unpacked(push, NULL);
    if (is_poison(engine, profile.id)) {
        evhttp_send_error(req, 500, "it makes me ill");
        return;
    }
    keep(engine, req, &profile);
}

static void
on_ingest(struct evhttp_request *req, void *arg)
{
    engine_t *engine = arg;
    engine_profile_t profile = { .way = "ingest" };
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    if (refuse(engine, req)) {
        return;
    }
    const char *query =
        evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
    (void)snprintf(profile.query, sizeof(profile.query), "%s", query);
    engine_add_label(&profile, "__name__", "ingested");
    engine_read(evbuffer_pullup(in, -1), evbuffer_get_length(in), &profile);
    keep(engine, req, &profile);
}

/* ---- For the tests ---- */

void
engine_open(engine_t *engine)
{
    memset(engine, 0, sizeof(*engine)); /* too large for a literal */
    engine->has_push_api = true;
    pthread_mutex_init(&engine->lock, NULL);
    server_open(&engine->server);
    struct evhttp *http = engine->server.http;
    evhttp_set_cb(http, "/push.v1.PusherService/Push", on_push, engine);
    evhttp_set_cb(http, "/ingest", on_ingest, engine);
}

void
engine_run(engine_t *engine)
{
    server_run(&engine->server);
}

void
engine_close(engine_t *engine)
{
    server_close(&engine->server);
    pthread_mutex_destroy(&engine->lock);
}

void
engine_refuse(engine_t *engine, int code, const char *retry)
{
    pthread_mutex_lock(&engine->lock);
    engine->refusal = code;
    engine->retry = retry;
    pthread_mutex_unlock(&engine->lock);
}

void
engine_poison(engine_t *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->wants_poison = true;
    pthread_mutex_unlock(&engine->lock);
}

int
engine_refused(engine_t *engine)
{
    pthread_mutex_lock(&engine->lock);
    int refused = engine->refused;
    pthread_mutex_unlock(&engine->lock);
    return refused;
}

const char *
engine_label(const engine_profile_t *profile, const char *name)
{
    for (int i = 0; i < ENGINE_LABELS; i++) {
        if (strcmp(profile->labels[i][0], name) == 0) {
            return profile->labels[i][1];
        }
    }
    return "";
}

/* Under the lock. */
static bool
is_of(const engine_profile_t *profile, const char *name)
{
    return strcmp(engine_label(profile, "__name__"), name) == 0;
}

int
engine_count(engine_t *engine, const char *name)
{
    int count = 0;
    pthread_mutex_lock(&engine->lock);
    for (int i = 0; i < engine->count; i++) {
        count += is_of(&engine->kept[i], name);
    }
    pthread_mutex_unlock(&engine->lock);
    return count;
}

int64_t
engine_sum(engine_t *engine, const char *name, int column)
{
    int64_t sum = 0;
    pthread_mutex_lock(&engine->lock);
    for (int i = 0; i < engine->count; i++) {
        sum += is_of(&engine->kept[i], name) ? engine->kept[i].sums[column] : 0;
    }
    pthread_mutex_unlock(&engine->lock);
    return sum;
}

engine_profile_t
engine_profile(engine_t *engine, const char *name, int i)
{
    engine_profile_t found = { .way = "" };
    pthread_mutex_lock(&engine->lock);
    for (int k = 0; k < engine->count; k++) {
        if (is_of(&engine->kept[k], name) && i-- == 0) {
            found = engine->kept[k];
        }
    }
    pthread_mutex_unlock(&engine->lock);
    assert_true(found.way[0] != '\0');
    return found;
}

void
engine_await(engine_t *engine, const char *name, int count)
{
    time_t end = time(NULL) + 30;
    while (engine_count(engine, name) < count) {
        if (time(NULL) > end) {
            fail_msg("%d of %d %s have come", engine_count(engine, name), count,
                     name);
        }
        poll(NULL, 0, 10);
    }
}
