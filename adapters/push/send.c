/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meaning of answers. 2xx: the message was taken, unless the answer is a
 * web page, such as a login. 400, 413, 415 and 422 concern the message itself:
 * sending it again would only block the others. Any other answer may change,
 * when the token is renewed, the address is corrected, or the engine or its
 * proxy is back; but 5xx concerns the message itself if the engine takes others
 * meanwhile. gRPC has a status of its own with the same meanings, which comes
 * after the body.
 */
#include "adapters/push/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "adapters/fetch/send.h"
#include "adapters/push/form.h"
#include "core/base/error.h"
#include "core/base/parse.h"
#include "core/base/visible.h"

enum { HEADERS_MAX = 32, SAID_MAX = 160, RETRY_MAX_S = 3600 };

static evprof_fetch_options_t
options_of(const evprof_push_conf_t *conf, const char *headers[HEADERS_MAX])
{
    size_t count = 0;
    for (const evprof_text_list_t *h = conf->headers;
         h != NULL && count < HEADERS_MAX; h = h->next) {
        headers[count++] = h->text;
    }
    return (evprof_fetch_options_t){
        .proxy = conf->proxy,
        .headers = headers,
        .header_count = count,
        .bearer_token_file = conf->bearer_token_file,
        .tls_ca = conf->tls_ca,
        .tls_cert = conf->tls_cert,
        .tls_key = conf->tls_key,
    };
}

/* Appends the engine's own words without control bytes, as they may come from
 * anybody. */
static void
fail_by(const char *name, const char *said, evprof_error_t *err)
{
    size_t len = strcspn(said, "\r\n");
    evprof_buf_t shown = { 0 };
    evprof_visible_add(&shown, said, len < SAID_MAX ? len : SAID_MAX, "");
    evprof_fail(err, EVPROF_EIO, "the engine answered %s: %s", name,
                shown.data != NULL ? shown.data : "");
    evprof_buf_free(&shown);
}

static void
fail_by_code(const evprof_answer_t *answer, evprof_error_t *err)
{
    char name[24];
    (void)snprintf(name, sizeof(name), "%ld", answer->status);
    fail_by(name, answer->body.data != NULL ? answer->body.data : "", err);
}

static const char *const grpc_names[] = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

enum {
    GRPC_OK = 0,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_OUT_OF_RANGE = 11,
    GRPC_UNAVAILABLE = 14,
};

/* Decodes the message of a gRPC status, which is percent-encoded. */
static void
fail_by_grpc(const evprof_answer_t *answer, unsigned long code,
             evprof_error_t *err)
{
    const char *text = answer->grpc_message;
    evprof_buf_t said = { 0 };
    for (size_t len = strlen(text); len > 0;) {
        int byte = evprof_percent_byte(text, len);
        evprof_buf_putc(&said, byte >= 0 ? (char)byte : *text);
        text += byte >= 0 ? 3 : 1;
        len -= byte >= 0 ? 3 : 1;
    }
    fail_by(code < sizeof(grpc_names) / sizeof(grpc_names[0])
                ? grpc_names[code]
                : answer->grpc_status,
            said.data != NULL ? said.data : "", err);
    evprof_buf_free(&said);
}

static enum evprof_push_fate
judge_grpc(const evprof_answer_t *answer, evprof_error_t *err)
{
    char *end = NULL;
    unsigned long code = strtoul(answer->grpc_status, &end, 10);
    if (end == answer->grpc_status || *end != '\0') {
        evprof_fail(err, EVPROF_EIO,
                    "what answered %ld there is no gRPC server",
                    answer->status);
        return EVPROF_PUSH_LATER;
    }
    if (code == GRPC_OK) {
        return EVPROF_PUSH_SENT;
    }
    fail_by_grpc(answer, code, err);
    if (code == GRPC_INVALID_ARGUMENT || code == GRPC_OUT_OF_RANGE) {
        return EVPROF_PUSH_REFUSED;
    }
    return code == GRPC_UNAVAILABLE || code == GRPC_RESOURCE_EXHAUSTED
               ? EVPROF_PUSH_LATER
               : EVPROF_PUSH_FAILED;
}

static enum evprof_push_fate
judge(const evprof_answer_t *answer, evprof_error_t *err)
{
    long code = answer->status;
    if (code >= 200 && code < 300 && answer->body.len > 0 &&
        evprof_answer_is_page(answer)) {
        evprof_fail(err, EVPROF_EIO,
                    "a page for people is there, and no engine");
        return EVPROF_PUSH_LATER;
    }
    if (code >= 200 && code < 300) {
        return EVPROF_PUSH_SENT;
    }
    fail_by_code(answer, err);
    if (code >= 500) {
        return EVPROF_PUSH_FAILED;
    }
    return code == 400 || code == 413 || code == 415 || code == 422
               ? EVPROF_PUSH_REFUSED
               : EVPROF_PUSH_LATER;
}

static enum evprof_push_fate
send_by(const evprof_push_engine_t *engine, enum evprof_push_way way,
        const evprof_buf_t *message, evprof_answer_t *answer,
        evprof_error_t *err)
{
    const char *headers[HEADERS_MAX];
    const evprof_fetch_options_t options = options_of(engine->conf, headers);
    evprof_push_form_t form;
    int status = evprof_push_form(way, engine->conf->url, message, &form);
    if (status != EVPROF_OK) {
        evprof_fail(err, status, "%s",
                    status == EVPROF_EPARSE ? "it is no message of ours"
                                            : evprof_status_text(status));
        return status == EVPROF_EPARSE ? EVPROF_PUSH_REFUSED
                                       : EVPROF_PUSH_LATER;
    }
    const evprof_message_t post = { .body = form.body.data,
                                    .len = form.body.len,
                                    .type = form.type,
                                    .is_grpc = way == EVPROF_PUSH_WRITERAW,
                                    .timeout_s = engine->timeout_s,
                                    .goes_on = engine->goes_on,
                                    .ctx = engine->ctx };
    status = evprof_fetch_send(form.url.data, &options, &post, answer, err);
    evprof_push_form_free(&form);
    if (status != EVPROF_OK) {
        return EVPROF_PUSH_LATER;
    }
    return way == EVPROF_PUSH_WRITERAW ? judge_grpc(answer, err)
                                       : judge(answer, err);
}

long
evprof_push_retry_s(const char *text, time_t now)
{
    char *end = NULL;
    long seconds = strtol(text, &end, 10);
    if (end == text) {
        time_t at = curl_getdate(text, NULL);
        seconds = at > now ? (long)(at - now) : 0;
    }
    return seconds < 0 ? 0 : seconds > RETRY_MAX_S ? RETRY_MAX_S : seconds;
}

enum evprof_push_fate
evprof_push_send_one(evprof_push_engine_t *engine, const evprof_buf_t *message,
                     long *retry_s, evprof_error_t *err)
{
    evprof_answer_t answer = { 0 };
    enum evprof_push_way way = engine->conf->format == EVPROF_PUSH_PARCA
                                   ? EVPROF_PUSH_WRITERAW
                               : engine->is_old ? EVPROF_PUSH_INGEST
                                                : EVPROF_PUSH_CONNECT;
    enum evprof_push_fate fate = send_by(engine, way, message, &answer, err);
    if (way == EVPROF_PUSH_CONNECT &&
        (answer.status == 404 || answer.status == 405)) {
        evprof_buf_free(&answer.body);
        fate = send_by(engine, EVPROF_PUSH_INGEST, message, &answer, err);
        engine->is_old = fate == EVPROF_PUSH_SENT;
    }
    *retry_s = evprof_push_retry_s(answer.retry_after, time(NULL));
    evprof_buf_free(&answer.body);
    return fate;
}
