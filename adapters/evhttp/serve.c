/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a plan of a request: access, method, name and parameters are checked in
 * the order of net/http/pprof, and errors have its messages.
 */
#include "adapters/evhttp/serve.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/evhttp/access.h"
#include "adapters/evhttp/pages.h"
#include "adapters/evhttp/pending.h"
#include "adapters/evhttp/query.h"
#include "adapters/evhttp/reply.h"
#include "adapters/evhttp/requests.h"
#include "adapters/evhttp/ui.h"
#include "core/base/error.h"
#include "core/runtime/catalog.h"
#include "core/runtime/gather.h"
#include "core/runtime/settings.h"

/* The window when neither the request nor the module gives one. */
#define DEFAULT_SECONDS 30.0

static const char *
query_of(struct evhttp_request *req)
{
    return evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
}

/* ---- Methods ---- */

static bool
allows_method(struct evhttp_request *req, bool takes_body)
{
    enum evhttp_cmd_type method = evhttp_request_get_command(req);
    if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD ||
        (takes_body && method == EVHTTP_REQ_POST)) {
        return true;
    }
    evhttp_add_header(evhttp_request_get_output_headers(req), "Allow",
                      takes_body ? "GET, HEAD, POST" : "GET, HEAD");
    evprof_reply_error(req, 405, NULL, "Method Not Allowed");
    return false;
}

/* Reads the posted bytes in one piece; false: the request was refused. */
static bool
read_body(struct evhttp_request *req, evprof_ask_t *ask)
{
    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST) {
        return true;
    }
    struct evbuffer *input = evhttp_request_get_input_buffer(req);
    size_t len = evbuffer_get_length(input);
    if (len > EVPROF_BODY_MAX) {
        evprof_reply_error(req, 413, NULL, "the request body is above 4 MiB");
        return false;
    }
    ask->body = evbuffer_pullup(input, -1);
    ask->body_len = len;
    if (ask->body == NULL) {
        ask->body = "";
    }
    return true;
}

/* ---- Parameters ---- */

/* Without ?seconds the window is the default, cut to the longest that is
 * allowed instead of refused. */
static double
window_of_timed(const evprof_entry_t *entry, const char *query)
{
    const evprof_module_t *module = entry->module;
    double seconds = module->takes_fractions
                         ? evprof_query_number(query, "seconds", 0)
                         : (double)evprof_query_int(query, "seconds", 0);
    double otherwise =
        module->default_seconds > 0 ? module->default_seconds : DEFAULT_SECONDS;
    double most = (double)entry->max_seconds;
    if (seconds > 0) {
        return seconds;
    }
    return otherwise < most ? otherwise : most;
}

/* Reads a named profile's parameters; false: the request was refused. */
static bool
read_parameters(struct evhttp_request *req, const evprof_entry_t *entry,
                evprof_ask_t *ask)
{
    const char *query = query_of(req);
    ask->query = query;
    ask->tid = syscall(SYS_gettid);
    if ((entry->module->flags & EVPROF_MODULE_TEXT_ONLY) != 0) {
        return true;
    }
    if ((entry->module->flags & EVPROF_MODULE_TIMED) != 0) {
        bool has_window = entry->module->is_immediate == NULL ||
                          !entry->module->is_immediate(ask);
        ask->seconds = has_window ? window_of_timed(entry, query) : 0;
        ask->rate = (long)evprof_query_int(query, "rate", 0);
        return true;
    }
    char seconds[EVPROF_QUERY_VALUE_MAX];
    evprof_query_get(query, "seconds", seconds);
    int64_t count = evprof_query_int(query, "seconds", 0);
    if (seconds[0] != '\0' && count <= 0) {
        evprof_reply_error(req, 400, NULL,
                           "invalid value for \"seconds\" - must be a positive "
                           "integer");
        return false;
    }
    int64_t debug = evprof_query_int(query, "debug", 0);
    ask->seconds = (double)count;
    ask->debug = debug > 2 ? 2 : (debug < 0 ? 1 : (int)debug);
    ask->gc = evprof_query_int(query, "gc", 0) > 0;
    return true;
}

/* ---- Answers ---- */

static evprof_reply_t
reply_of(const evprof_entry_t *entry, const evprof_ask_t *ask)
{
    bool is_timed = (entry->module->flags & EVPROF_MODULE_TIMED) != 0;
    if ((entry->module->flags & EVPROF_MODULE_TEXT_ONLY) != 0 ||
        ask->debug != 0) {
        return (evprof_reply_t){ .type = EVPROF_TYPE_TEXT };
    }
    return (evprof_reply_t){
        .type = EVPROF_TYPE_PROTO,
        .filename = entry->leaf,
        .is_delta = !is_timed && ask->seconds > 0,
    };
}

/* Sends the headers that a GET would get, without taking the profile. */
static void
answer_head(struct evhttp_request *req, const evprof_plan_t *plan)
{
    evprof_error_t err;
    if (plan->profile != NULL &&
        evprof_job_check(plan->prof, plan->profile, &plan->ask, &err) !=
            EVPROF_OK) {
        evprof_reply_status(req, NULL, &err, 0);
        return;
    }
    evprof_reply_send(req, &plan->reply, NULL);
}

static void
carry_out(struct evhttp_request *req, const evprof_plan_t *plan)
{
    if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
        answer_head(req, plan);
    } else {
        evprof_pending_start(req, plan);
    }
}

static void
serve_page(evprof_t *prof, struct evhttp *http, struct evhttp_request *req,
           evprof_call_fn call, const char *type)
{
    evprof_plan_t plan = {
        .prof = prof,
        .http = http,
        .call = call,
        .reply = { .type = type },
    };
    if (allows_method(req, false)) {
        carry_out(req, &plan);
    }
}

/* Whether the profiles of all worker processes are meant; ?gather=off asks for
 * that of the process itself. */
static bool
is_of_all(const evprof_entry_t *entry, const evprof_ask_t *ask)
{
    char gather[EVPROF_QUERY_VALUE_MAX];
    const unsigned single = EVPROF_MODULE_TEXT_ONLY | EVPROF_MODULE_FILE;
    evprof_query_get(ask->query, "gather", gather);
    return evprof_gather_is_on() && (entry->module->flags & single) == 0 &&
           ask->debug == 0 && strcmp(gather, "off") != 0;
}

static void
serve_profile(evprof_t *prof, struct evhttp *http, struct evhttp_request *req,
              const evprof_entry_t *entry)
{
    evprof_plan_t plan = {
        .prof = prof,
        .http = http,
        .profile = entry->name,
        .error_prefix = entry->module->refusal,
    };
    if (allows_method(req, (entry->module->flags & EVPROF_MODULE_BODY) != 0) &&
        read_parameters(req, entry, &plan.ask) && read_body(req, &plan.ask)) {
        plan.reply = reply_of(entry, &plan.ask);
        if (is_of_all(entry, &plan.ask)) {
            plan.is_gathered = true;
            plan.call = evprof_gather_call;
            plan.ask.query = entry->name;
        }
        carry_out(req, &plan);
    }
}

/* Answers 501 for a path that Go serves and this build does not, and 404 for
 * any other. */
static void
serve_unknown(struct evhttp_request *req, const char *leaf)
{
    if (!allows_method(req, false)) {
        return;
    }
    for (size_t i = 0; evprof_go_leaves[i] != NULL; i++) {
        if (strcmp(leaf, evprof_go_leaves[i]) == 0) {
            evprof_reply_error(req, 501, NULL,
                               "this build has no module for it");
            return;
        }
    }
    evprof_reply_error(req, 404, NULL, "Unknown profile");
}

/* Whether a page that is not a profile is on. */
static bool
is_page_on(evprof_t *prof, const char *leaf)
{
    evprof_config_t *config = evprof_settings_hold(prof);
    const evprof_pprof_conf_t *conf = evprof_settings_pprof(config);
    bool is_on = (strcmp(leaf, "status") == 0 && conf->status) ||
                 (strcmp(leaf, "metrics") == 0 && conf->metrics);
    evprof_settings_release(config);
    return is_on;
}

/* Serves lines for programs, or with ?format=html a table for people. */
static void
serve_status(evprof_t *prof, struct evhttp *http, struct evhttp_request *req)
{
    char format[EVPROF_QUERY_VALUE_MAX];
    evprof_query_get(evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)),
                     "format", format);
    if (strcmp(format, "html") == 0) {
        serve_page(prof, http, req, evprof_page_status_table, EVPROF_TYPE_HTML);
    } else {
        serve_page(prof, http, req, evprof_page_status, EVPROF_TYPE_TEXT);
    }
}

static void
serve_own_page(evprof_t *prof, struct evhttp *http, struct evhttp_request *req,
               const char *leaf)
{
    if (strcmp(leaf, "metrics") == 0) {
        serve_page(prof, http, req, evprof_page_metrics, EVPROF_TYPE_METRICS);
    } else {
        serve_status(prof, http, req);
    }
}

static void
serve_named(struct evhttp_request *req, const evprof_plan_name_t *name)
{
    evprof_t *prof = name->prof;
    evprof_entry_t entry;
    if (name->leaf == NULL) {
        if (allows_method(req, false)) {
            evprof_reply_redirect(req, evprof_prefix(prof));
        }
    } else if (name->leaf[0] == '\0') {
        serve_page(prof, name->http, req, evprof_page_index, EVPROF_TYPE_HTML);
    } else if (is_page_on(prof, name->leaf)) {
        serve_own_page(prof, name->http, req, name->leaf);
    } else if (evprof_ui_is_leaf(name->leaf)) {
        evprof_ui_serve(prof, name->http, req, name->leaf);
    } else if (evprof_catalog_find_leaf(prof, name->leaf, &entry)) {
        serve_profile(prof, name->http, req, &entry);
    } else {
        serve_unknown(req, name->leaf);
    }
}

static void
refuse_shut(struct evhttp_request *req)
{
    evprof_reply_error(req, 503, NULL, "the profiler is shut down");
}

/* Serves a request that the access rules have let pass. */
static void
serve_admitted(struct evhttp_request *req, const evprof_plan_name_t *name)
{
    if (evprof_visit(name->prof)) {
        serve_named(req, name);
        evprof_leave(name->prof);
    } else {
        refuse_shut(req);
    }
}

static void
serve_if_open(struct evhttp_request *req, const evprof_plan_name_t *name)
{
    if (!evprof_is_open(name->prof)) {
        refuse_shut(req);
    } else {
        evprof_access_ask(req, name, serve_admitted);
    }
}

void
evprof_serve(evprof_t *prof, struct evhttp *http, struct evhttp_request *req,
             const char *name)
{
    evprof_requests_disown(req);
    serve_if_open(
        req, &(evprof_plan_name_t){ .prof = prof, .http = http, .leaf = name });
}

void
evprof_serve_redirect(evprof_t *prof, struct evhttp_request *req)
{
    serve_if_open(req, &(evprof_plan_name_t){ .prof = prof });
}
