/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why there is no profile, in the words of Go's net package where it has any:
 * scripts look for them. What only libcurl knows it says itself.
 */
#include "adapters/fetch/explain.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"

void
evprof_fetch_add_duration(evprof_buf_t *out, int64_t seconds)
{
    if (seconds >= 3600) {
        evprof_buf_printf(out, "%" PRId64 "h", seconds / 3600);
    }
    if (seconds >= 60) {
        evprof_buf_printf(out, "%" PRId64 "m", seconds / 60 % 60);
    }
    evprof_buf_printf(out, "%" PRId64 "s", seconds % 60);
}

/* "dial tcp 127.0.0.1:1: connect: connection refused", to a proxy or without.
 */
static void
add_refusal(const evprof_transfer_t *t, evprof_buf_t *why)
{
    long code = 0;
    char words[EVPROF_ERRNO_TEXT_SIZE];
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
    evprof_errno_text((int)code, words, sizeof(words));
    evprof_buf_printf(why, "%sdial tcp %s: connect: %s",
                      t->has_proxy ? "proxyconnect tcp: " : "", t->address,
                      words);
}

void
evprof_fetch_explain(const evprof_transfer_t *t, CURLcode code,
                     evprof_buf_t *why)
{
    if (t->is_too_large) {
        evprof_buf_puts(why, "the answer is larger than -max_bytes allows");
        return;
    }
    if (code == CURLE_PARTIAL_FILE) {
        evprof_buf_printf(why, "unexpected EOF: the body ends after %zu bytes",
                          t->answer.body.len);
        return;
    }
    evprof_buf_printf(
        why, "%s \"%s\": ", t->post == NULL ? "http fetch: Get" : "Post",
        t->target.shown);
    if (code == CURLE_COULDNT_CONNECT && t->address[0] != '\0') {
        add_refusal(t, why);
    } else if (code == CURLE_COULDNT_RESOLVE_HOST) {
        evprof_buf_printf(why, "dial tcp: lookup %s: no such host",
                          t->target.host);
    } else if (strstr(t->error, "wrong version number") != NULL) {
        /* OpenSSL's way of saying that the other side speaks no TLS. */
        evprof_buf_puts(why, "tls: first record does not look like a TLS "
                             "handshake");
    } else {
        evprof_buf_puts(why, t->error[0] != '\0' ? t->error
                                                 : curl_easy_strerror(code));
    }
}

bool
evprof_fetch_can_ask(const evprof_target_t *target, evprof_buf_t *why)
{
    static const char *const schemes[] = { "http", "https", "https+insecure" };
    bool is_known = false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        is_known = is_known || strcmp(target->scheme, schemes[i]) == 0;
    }
    if (is_known && target->port <= UINT16_MAX) {
        return true;
    }
    evprof_buf_printf(why, "http fetch: Get \"%s\": ", target->shown);
    if (!is_known) {
        evprof_buf_printf(why, "unsupported protocol scheme \"%s\"",
                          target->scheme);
    } else {
        evprof_buf_printf(why, "dial tcp: address %d: invalid port",
                          target->port);
    }
    return false;
}
