/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies the rules of core/access to requests of evhttp. What an address or
 * the cache of credentials can decide is decided at once. An unknown credential
 * is checked on the worker, as a pending request; then the request continues
 * where it was. The configuration is held until the request is decided.
 */
#include "adapters/evhttp/access.h"

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "adapters/evhttp/pending.h"
#include "adapters/evhttp/reply.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/runtime/catalog.h"
#include "core/runtime/settings.h"

static evprof_authorize_fn authorize;
static void *authorize_ctx;

void
evprof_evhttp_set_authorize(evprof_t *prof, evprof_authorize_fn fn, void *ctx)
{
    (void)prof;
    authorize = fn;
    authorize_ctx = ctx;
}

/* ---- Answers ---- */

static void
add_challenge(void *req, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(req),
                      "WWW-Authenticate", value);
}

static void
refuse(struct evhttp_request *req, int code, const char *reason)
{
    evprof_reply_error(req, code, "access denied: ", reason);
}

static void
ask_for_credential(struct evhttp_request *req, const evprof_access_conf_t *conf)
{
    evprof_access_challenge(conf, add_challenge, req);
    refuse(req, 401, "a credential is needed");
}

/* Asks the application's veto, which comes last, and continues. */
static void
pass_on(struct evhttp_request *req, const evprof_plan_name_t *name,
        evprof_admit_fn admit)
{
    if (authorize != NULL && authorize(req, authorize_ctx) != 0) {
        refuse(req, 403, "the application refused");
    } else {
        admit(req, name);
    }
}

/* ---- Checking on the worker ---- */

/* A request whose credential is being checked. */
typedef struct check {
    evprof_config_t *config; /* held */
    const evprof_access_conf_t *conf;
    /* A header of the request, which we own during the check. */
    const char *authorization;
    uint64_t credential;
    evprof_admit_fn admit;
    evprof_plan_name_t name; /* its leaf is a copy, in `leaf` */
    char leaf[];
} check_t;

static void
check_free(check_t *check)
{
    evprof_settings_release(check->config);
    free(check);
}

/* A number by which credentials are compared. It never leaves the process, so a
 * fast hash is enough. */
static uint64_t
number_of(const char *authorization)
{
    size_t len = authorization == NULL ? 0 : strlen(authorization);
    return evprof_hash(authorization, len, (uintptr_t)&authorize);
}

/* Whether the credential is right. A wrong one that is sent repeatedly is not
 * hashed each time. */
static bool
is_right(const check_t *check)
{
    static _Atomic uint64_t last_wrong;
    static _Atomic int64_t wrong_ns;
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    if (check->credential == atomic_load(&last_wrong) &&
        now_ns - atomic_load(&wrong_ns) <
            EVPROF_ACCESS_DELAY_MS * INT64_C(1000000)) {
        return false;
    }
    if (evprof_access_is_known(check->conf, check->authorization) ||
        evprof_access_verify(check->conf, check->authorization)) {
        return true;
    }
    atomic_store(&last_wrong, check->credential);
    atomic_store(&wrong_ns, evprof_clock_ns(CLOCK_MONOTONIC));
    return false;
}

/* Runs on the worker; for passwords on the hasher's thread. A wrong credential
 * is answered after a fixed delay, whatever the check has cost. */
static int
check_credential(evprof_t *prof, const evprof_ask_t *ask,
                 evprof_result_t *result)
{
    const check_t *check = ask->body;
    (void)prof;
    if (is_right(check)) {
        return EVPROF_OK;
    }
    result->hold_ms = EVPROF_ACCESS_DELAY_MS;
    return evprof_fail(&result->err, EVPROF_EPERM, "wrong credential");
}

/* Runs on the loop again; `req` is NULL when the client has gone. */
static void
continue_checked(struct evhttp_request *req, int status, void *ctx)
{
    check_t *check = ctx;
    if (req != NULL && status == EVPROF_OK) {
        pass_on(req, &check->name, check->admit);
    } else if (req != NULL) {
        ask_for_credential(req, check->conf);
    }
    check_free(check);
}

static check_t *
check_new(const evprof_plan_name_t *name, evprof_admit_fn admit)
{
    size_t len = name->leaf == NULL ? 0 : strlen(name->leaf);
    check_t *check = calloc(1, sizeof(*check) + len + 1);
    if (check == NULL) {
        return NULL;
    }
    check->admit = admit;
    check->name = *name;
    if (name->leaf != NULL) {
        memcpy(check->leaf, name->leaf, len);
        check->name.leaf = check->leaf;
    }
    return check;
}

/* The last header of that name: a proxy may append its own line after the
 * client's, and only the proxy can be trusted. */
static const char *
header_of(void *req, const char *name)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const struct evkeyval *at;
    const char *value = NULL;
    TAILQ_FOREACH(at, headers, next)
    {
        if (evutil_ascii_strcasecmp(at->key, name) == 0) {
            value = at->value;
        }
    }
    return value;
}

static const struct sockaddr *
peer_of(struct evhttp_request *req, struct sockaddr_storage *out)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
    socklen_t len = sizeof(*out);
    memset(out, 0, sizeof(*out));
    if (fd < 0 || getpeername(fd, (struct sockaddr *)out, &len) != 0) {
        return NULL;
    }
    return (const struct sockaddr *)out;
}

static uint64_t
peer_number(struct evhttp_request *req, const evprof_access_conf_t *conf)
{
    struct sockaddr_storage peer;
    const evprof_access_request_t request = {
        .peer = peer_of(req, &peer),
        .header = header_of,
        .ctx = req,
    };
    return evprof_access_peer(conf, &request);
}

/* Whether another check may start. A scraper sends the same password with
 * several requests at once; these count as one, since the first check answers
 * the others from the cache. */
static bool
has_room_for(const evprof_plan_t *plan)
{
    unsigned alike = evprof_pending_checks(plan, true);
    unsigned others = evprof_pending_checks(plan, false);
    if (!plan->is_slow) {
        return alike + others < EVPROF_ACCESS_MAX_TOKENS;
    }
    return alike > 0 ? alike < EVPROF_ACCESS_MAX_ALIKE
                     : others < EVPROF_ACCESS_MAX_PASSWORDS;
}

/* Starts a check on the worker; takes over the reference to `config`. */
static void
start_check(struct evhttp_request *req, const evprof_plan_name_t *name,
            evprof_config_t *config, const evprof_access_conf_t *conf,
            evprof_admit_fn admit)
{
    const char *authorization = header_of(req, "Authorization");
    evprof_plan_t plan = {
        .prof = name->prof,
        .http = name->http,
        .call = check_credential,
        .resume = continue_checked,
        .is_slow = evprof_access_is_slow(conf, authorization),
        .peer = peer_number(req, conf),
        .credential = number_of(authorization),
    };
    bool has_room = has_room_for(&plan);
    check_t *check = has_room ? check_new(name, admit) : NULL;
    if (check == NULL) {
        evprof_settings_release(config);
        evhttp_add_header(evhttp_request_get_output_headers(req), "Retry-After",
                          "1");
        refuse(req, has_room ? 503 : 429,
               has_room ? "out of memory"
                        : "too many credentials of this address are being "
                          "checked");
        return;
    }
    check->config = config;
    check->conf = conf;
    check->authorization = authorization;
    check->credential = plan.credential;
    plan.ask = (evprof_ask_t){ .body = check, .body_len = sizeof(*check) };
    plan.resume_ctx = check;
    evprof_pending_start(req, &plan);
}

/* ---- Judging ---- */

static enum evprof_verdict
judge(struct evhttp_request *req, const evprof_access_conf_t *conf,
      const char **reason)
{
    struct sockaddr_storage peer;
    evprof_access_request_t request = {
        .peer = peer_of(req, &peer),
        .header = header_of,
        .ctx = req,
    };
    return evprof_access_judge(conf, &request, reason);
}

void
evprof_access_ask(struct evhttp_request *req, const evprof_plan_name_t *name,
                  evprof_admit_fn admit)
{
    evprof_config_t *config = evprof_settings_hold(name->prof);
    const evprof_access_conf_t *conf =
        evprof_settings_access(config, name->leaf);
    const char *reason;
    switch (judge(req, conf, &reason)) {
    case EVPROF_ACCESS_VERIFY:
        start_check(req, name, config, conf, admit);
        return;
    case EVPROF_ACCESS_ALLOW:
        pass_on(req, name, admit);
        break;
    case EVPROF_ACCESS_ASK:
        ask_for_credential(req, conf);
        break;
    case EVPROF_ACCESS_DENY:
        refuse(req, 403, reason);
        break;
    }
    evprof_settings_release(config);
}
