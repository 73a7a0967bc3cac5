/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer by itself. What a transfer says to libcurl stands in transfer.c;
 * here is only what a message adds, and how long it may take.
 */
#include "adapters/fetch/send.h"

#include "adapters/fetch/transfer.h"
#include "core/base/error.h"

/* Answers say a few words; more is not read. */
#define ANSWER_MAX 65536

static int
ask_on(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
       curl_off_t up)
{
    const evprof_message_t *message = arg;
    (void)down_all;
    (void)down;
    (void)up_all;
    (void)up;
    return message->goes_on == NULL || message->goes_on(message->ctx) ? 0 : 1;
}

/* What gRPC asks of HTTP. A proxy that speaks HTTP/1.1 lets it through as it
 * lets TLS through. */
static int
set_grpc(evprof_transfer_t *t, evprof_error_t *err)
{
    long version = t->target.is_tls ? (long)CURL_HTTP_VERSION_2TLS
                                    : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    if (curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, version) != CURLE_OK) {
        return evprof_fail(err, EVPROF_ENOTSUP, "libcurl has no HTTP/2");
    }
    struct curl_slist *longer = curl_slist_append(t->headers, "TE: trailers");
    if (longer == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    t->headers = longer;
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(t->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    return EVPROF_OK;
}

static int
perform(evprof_transfer_t *t, const evprof_message_t *message,
        evprof_error_t *err)
{
    CURL *easy = t->easy;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)message->timeout_s);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, ask_on);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, message);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &t->answer.status);
    if (code != CURLE_OK && t->answer.status == 0) {
        return evprof_fail(err, EVPROF_EIO, "%s",
                           t->error[0] != '\0' ? t->error
                                               : curl_easy_strerror(code));
    }
    return EVPROF_OK;
}

int
evprof_fetch_send(const char *url, const evprof_fetch_options_t *options,
                  const evprof_message_t *message, evprof_answer_t *answer,
                  evprof_error_t *err)
{
    const evprof_fetch_source_t source = { .url = url };
    const evprof_credentials_t credentials = {
        .proxy_auth = (long)(CURLAUTH_ANY & ~CURLAUTH_BEARER)
    };
    evprof_fetch_options_t own = *options;
    own.max_bytes = ANSWER_MAX;
    evprof_transfer_t t = { .source = &source,
                            .options = &own,
                            .credentials = &credentials,
                            .post = message->body,
                            .post_len = message->len,
                            .post_type = message->type };
    int status =
        evprof_target_parse(url, 0, message->timeout_s, &t.target, err);
    if (status == EVPROF_OK) {
        status = evprof_transfer_prepare(&t, err);
    }
    if (status == EVPROF_OK && message->is_grpc) {
        status = set_grpc(&t, err);
    }
    if (status == EVPROF_OK) {
        status = perform(&t, message, err);
    }
    *answer = (evprof_answer_t){ 0 };
    if (status == EVPROF_OK) {
        *answer = t.answer;
        t.answer = (evprof_answer_t){ 0 };
    }
    evprof_transfer_free(&t);
    return status;
}
