/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging has two sides, which `satisfy` combines. The address side looks at
 * the peer of the connection; headers can only make it stricter, except the
 * header of a trusted proxy. The credential side answers from the cache,
 * refuses what is malformed, or says that the file has to be read.
 */
#include <string.h>
#include <strings.h>

#include "core/access/cache.h"
#include "core/access/credentials.h"
#include "core/access/rules.h"
#include "core/base/sender.h"

/* Longer values are refused. */
#define LONGEST_AUTHORIZATION 8192

/* ---- Addresses ---- */

enum side {
    SIDE_NO,
    SIDE_YES,
    SIDE_SILENT, /* no rule matches the peer */
};

static const char *
header(const evprof_access_request_t *request, const char *name)
{
    return request->header(request->ctx, name);
}

static bool
is_forwarded(const evprof_access_request_t *request)
{
    static const char *const names[] = { "Forwarded", "X-Forwarded-For",
                                         "X-Real-IP", "Via" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (header(request, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/*
 * Reads the last address of a list, which the trusted proxy has added. The
 * addresses before it may have been invented by the client.
 */
static bool
last_address(const char *value, evprof_address_t *out)
{
    char text[64];
    const char *comma = strrchr(value, ',');
    const char *start = comma == NULL ? value : comma + 1;
    start += strspn(start, " \t");
    size_t len = strlen(start);
    while (len > 0 && strchr(" \t", start[len - 1]) != NULL) {
        len--;
    }
    if (len == 0 || len >= sizeof(text)) {
        return false;
    }
    memcpy(text, start, len);
    text[len] = '\0';
    return evprof_address_parse(text, out);
}

/* Whether the connection comes from a trusted proxy, which names the client. */
static bool
is_named(const evprof_access_conf_t *conf, const evprof_address_t *connected)
{
    return conf->real_ip_header != NULL &&
           evprof_rules_find(&conf->proxies, connected) != NULL;
}

/* The peer that the rules are applied to. DIRECT: a trusted proxy that names no
 * client; NONE: a trusted proxy's header that cannot be read. */
static evprof_address_t
judged_peer(const evprof_access_conf_t *conf,
            const evprof_access_request_t *request)
{
    evprof_address_t peer = evprof_address_of(request->peer);
    if (!is_named(conf, &peer)) {
        return peer;
    }
    const char *value = header(request, conf->real_ip_header);
    evprof_address_t named = { .kind = EVPROF_ADDRESS_NONE };
    if (value == NULL && !is_forwarded(request)) {
        named.kind = EVPROF_ADDRESS_DIRECT;
        return named;
    }
    if (value == NULL || !last_address(value, &named)) {
        named.kind = EVPROF_ADDRESS_NONE;
    }
    return named;
}

static enum side
address_side(const evprof_access_conf_t *conf,
             const evprof_access_request_t *request)
{
    evprof_address_t peer = judged_peer(conf, request);
    const evprof_access_rule_t *rule = evprof_rules_find(&conf->rules, &peer);
    if (peer.kind == EVPROF_ADDRESS_NONE) {
        return SIDE_NO;
    }
    if (rule == NULL) {
        return peer.kind == EVPROF_ADDRESS_DIRECT ? SIDE_NO : SIDE_SILENT;
    }
    return rule->is_allow ? SIDE_YES : SIDE_NO;
}

/* Why a peer that is let in only for being on this machine is refused: a page
 * in a browser on the machine may have sent the request. NULL: none has. */
static const char *
sender_fault(const evprof_access_conf_t *conf,
             const evprof_access_request_t *request)
{
    const evprof_own_names_t site = {
        .names = conf->names,
        .name_count = conf->name_count,
        .takes_addresses = true,
    };
    const evprof_sent_t sent = {
        .host = header(request, "Host"),
        .origin = header(request, "Origin"),
        .fetch_site = header(request, "Sec-Fetch-Site"),
    };
    switch (evprof_sender_of(&site, &sent)) {
    case EVPROF_SENDER_OTHER_NAME:
        return "the Host of this request is neither an address nor localhost "
               "nor a server_name of the configuration";
    case EVPROF_SENDER_OTHER_ORIGIN:
        return "a page of another origin asks for profiles";
    case EVPROF_SENDER_OTHER_SITE:
        return "a page of another site asks for profiles";
    default:
        return NULL;
    }
}

/* Judges where no rule matches and no credential is needed: only peers on this
 * machine are let in. Requests that a proxy on the machine forwards, or that a
 * page in a browser on it makes, count as coming from elsewhere. */
static enum evprof_verdict
judge_default(const evprof_access_conf_t *conf,
              const evprof_access_request_t *request, const char **reason)
{
    evprof_address_t connected = evprof_address_of(request->peer);
    evprof_address_t peer = judged_peer(conf, request);
    if (!evprof_address_is_loopback(&peer)) {
        *reason = "profiles are served to loopback peers only, unless the "
                  "configuration allows others";
        return EVPROF_ACCESS_DENY;
    }
    if (!is_named(conf, &connected) && is_forwarded(request)) {
        *reason = "this request came through a proxy: the configuration must "
                  "say who may ask";
        return EVPROF_ACCESS_DENY;
    }
    const char *fault =
        peer.kind == EVPROF_ADDRESS_UNIX ? NULL : sender_fault(conf, request);
    if (fault != NULL) {
        *reason = fault;
        return EVPROF_ACCESS_DENY;
    }
    return EVPROF_ACCESS_ALLOW;
}

/* ---- Credentials ---- */

/* The text after "SCHEME " in a header, or NULL. */
static const char *
after_scheme(const char *value, const char *scheme)
{
    size_t len = strlen(scheme);
    if (strncasecmp(value, scheme, len) != 0 || value[len] != ' ') {
        return NULL;
    }
    value += len;
    return value + strspn(value, " ");
}

typedef struct claim {
    /* The file that decides; NULL: no credential of a kind that is accepted. */
    const char *path;
    const char *text; /* the credential as sent, without the scheme */
    bool is_basic;
} claim_t;

static claim_t
claim_of(const evprof_access_conf_t *conf, const char *authorization)
{
    claim_t claim = { 0 };
    if (authorization == NULL ||
        strnlen(authorization, LONGEST_AUTHORIZATION + 1) >
            LONGEST_AUTHORIZATION) {
        return claim;
    }
    if (evprof_access_has_basic(conf)) {
        claim.text = after_scheme(authorization, "Basic");
        claim.path = conf->user_file;
        claim.is_basic = true;
    }
    if (claim.text == NULL && conf->bearer_file != NULL) {
        claim.text = after_scheme(authorization, "Bearer");
        claim.path = conf->bearer_file;
        claim.is_basic = false;
    }
    if (claim.text == NULL || claim.text[0] == '\0') {
        claim.path = NULL;
    }
    return claim;
}

static bool
has_credential(const evprof_access_conf_t *conf)
{
    return evprof_access_has_basic(conf) || conf->bearer_file != NULL;
}

static enum evprof_verdict
judge_credential(const evprof_access_conf_t *conf,
                 const evprof_access_request_t *request, const char **reason)
{
    const char *authorization = header(request, "Authorization");
    claim_t claim = claim_of(conf, authorization);
    *reason = "profiles are served with a credential only";
    if (claim.path == NULL) {
        return EVPROF_ACCESS_ASK;
    }
    return evprof_cache_has(claim.path, authorization) ? EVPROF_ACCESS_ALLOW
                                                       : EVPROF_ACCESS_VERIFY;
}

/* ---- Both ---- */

enum evprof_verdict
evprof_access_judge(const evprof_access_conf_t *conf,
                    const evprof_access_request_t *request, const char **reason)
{
    const char *unused = NULL;
    reason = reason == NULL ? &unused : reason;
    *reason = NULL;
    enum side side = address_side(conf, request);
    bool any = conf->satisfy == EVPROF_SATISFY_ANY;
    if (side == SIDE_NO && !(any && has_credential(conf))) {
        *reason = "this address may not read profiles here";
        return EVPROF_ACCESS_DENY;
    }
    if (!has_credential(conf)) {
        return side == SIDE_YES ? EVPROF_ACCESS_ALLOW
                                : judge_default(conf, request, reason);
    }
    if (any && side == SIDE_YES) {
        return EVPROF_ACCESS_ALLOW;
    }
    return judge_credential(conf, request, reason);
}

static bool
verify_basic(const claim_t *claim, evprof_file_id_t *id)
{
    evprof_secret_t decoded;
    size_t len = strlen(claim->text);
    if (!evprof_secret_init(&decoded, len + 4)) {
        return false;
    }
    bool good = evprof_base64_decode(claim->text, len, &decoded) &&
                evprof_users_have(claim->path, &decoded, id);
    evprof_secret_fini(&decoded);
    return good;
}

bool
evprof_access_bars(const evprof_access_conf_t *conf,
                   const struct sockaddr *peer)
{
    evprof_address_t address = evprof_address_of(peer);
    bool any = conf->satisfy == EVPROF_SATISFY_ANY && has_credential(conf);
    const evprof_access_rule_t *rule =
        evprof_rules_find(&conf->rules, &address);
    if (any || is_named(conf, &address) ||
        address.kind == EVPROF_ADDRESS_NONE) {
        return false;
    }
    return rule == NULL
               ? !has_credential(conf) && !evprof_address_is_loopback(&address)
               : !rule->is_allow;
}

bool
evprof_access_is_known(const evprof_access_conf_t *conf,
                       const char *authorization)
{
    claim_t claim = claim_of(conf, authorization);
    return claim.path != NULL && evprof_cache_has(claim.path, authorization);
}

bool
evprof_access_is_slow(const evprof_access_conf_t *conf,
                      const char *authorization)
{
    claim_t claim = claim_of(conf, authorization);
    return claim.path != NULL && claim.is_basic;
}

uint64_t
evprof_access_peer(const evprof_access_conf_t *conf,
                   const evprof_access_request_t *request)
{
    evprof_address_t peer = judged_peer(conf, request);
    uint64_t out = 0;
    if (peer.kind == EVPROF_ADDRESS_V4) {
        memcpy(&out, peer.bytes, 4);
    } else if (peer.kind == EVPROF_ADDRESS_V6) {
        memcpy(&out, peer.bytes, sizeof(out));
    }
    return out;
}

bool
evprof_access_verify(const evprof_access_conf_t *conf,
                     const char *authorization)
{
    claim_t claim = claim_of(conf, authorization);
    evprof_file_id_t id;
    if (claim.path == NULL) {
        return false;
    }
    bool good = claim.is_basic ? verify_basic(&claim, &id)
                               : evprof_tokens_have(claim.path, claim.text,
                                                    strlen(claim.text), &id);
    if (good) {
        evprof_cache_add(&id, authorization);
    }
    return good;
}

void
evprof_access_challenge(const evprof_access_conf_t *conf,
                        void (*each)(void *ctx, const char *value), void *ctx)
{
    evprof_buf_t value = { 0 };
    if (evprof_access_has_basic(conf)) {
        evprof_buf_printf(&value, "Basic realm=\"%s\", charset=\"UTF-8\"",
                          conf->realm);
        each(ctx, value.failed ? "Basic" : value.data);
    }
    if (conf->bearer_file != NULL) {
        evprof_buf_clear(&value);
        evprof_buf_printf(&value, "Bearer realm=\"%s\"",
                          evprof_access_has_basic(conf) ? conf->realm
                                                        : "profiles");
        each(ctx, value.failed ? "Bearer" : value.data);
    }
    evprof_buf_free(&value);
}
