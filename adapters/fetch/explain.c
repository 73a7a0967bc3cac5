/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why there is no profile, in words that follow the address that was asked.
 * What only libcurl knows is said in its words.
 */
#include "adapters/fetch/explain.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/scheme.h"

/* What could not be connected to, the target, its socket or its proxy, and why.
 */
static void
add_refusal(const evprof_transfer_t *t, const char *address, evprof_buf_t *why)
{
    long code = 0;
    char words[EVPROF_ERRNO_TEXT_SIZE];
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
    evprof_errno_text((int)code, words, sizeof(words));
    evprof_buf_printf(why, "cannot connect to %s%s: %s",
                      t->has_proxy ? "the proxy " : "", address, words);
}

/* From libcurl 8 on a target whose name is looked up for a SOCKS proxy, and not
 * found, is said to be the proxy. */
static bool
is_host_unknown(const evprof_transfer_t *t, CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_HOST ||
           (code == CURLE_COULDNT_RESOLVE_PROXY &&
            strstr(t->error, t->target.host) != NULL);
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
        evprof_buf_printf(why, "the answer broke off after %zu bytes",
                          t->answer.body.len);
        return;
    }
    const char *socket = t->target.unix_socket != NULL
                             ? t->target.unix_socket
                             : t->options->unix_socket;
    const char *address = socket != NULL ? socket : t->address;
    if (code == CURLE_COULDNT_CONNECT && address[0] != '\0') {
        add_refusal(t, address, why);
    } else if (is_host_unknown(t, code)) {
        evprof_buf_printf(why, "no host is called %s", t->target.host);
    } else if (strstr(t->error, "wrong version number") != NULL) {
        /* OpenSSL's way of saying that the other side speaks no TLS. */
        evprof_buf_puts(why, "the server does not speak TLS there; try http");
    } else if (code == CURLE_UNSUPPORTED_PROTOCOL && !t->target.is_tls) {
        evprof_buf_puts(why, "the server does not speak HTTP there; try https");
    } else {
        evprof_buf_puts(why, code == CURLE_PROXY ? "the proxy refuses: " : "");
        evprof_buf_puts(why, t->error[0] != '\0' ? t->error
                                                 : curl_easy_strerror(code));
    }
}

bool
evprof_fetch_can_ask(const evprof_target_t *target, evprof_buf_t *why)
{
    enum evprof_scheme scheme = evprof_scheme_named(target->scheme);
    bool is_known =
        scheme != EVPROF_SCHEME_NONE && scheme != EVPROF_SCHEME_UNIX;
    if (is_known && target->port <= UINT16_MAX) {
        return true;
    }
    if (!is_known) {
        evprof_buf_printf(why, "%s is none of http, https and https+insecure",
                          target->scheme);
    } else {
        evprof_buf_printf(why, "there is no port %d", target->port);
    }
    return false;
}
