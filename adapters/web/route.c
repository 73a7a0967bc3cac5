/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes a request to its answer. Pages have pprof's names; documents for
 * scripts are below data/. A request that changes something is a POST or DELETE
 * and needs the token of a page.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/web/assets.h"
#include "adapters/web/call.h"
#include "core/base/error.h"
#include "core/base/json.h"

static const struct page {
    const char *path;
    const char *name; /* of the view and of its document */
    evprof_web_view_fn view;
} pages[] = {
    { "flamegraph", "flame", evprof_web_flame },
    { "top", "table", evprof_web_table },
    { "graph", "graph", evprof_web_graph },
    { "peek", "peek", evprof_web_table },
    { "source", "source", evprof_web_source },
    { "disasm", "disasm", evprof_web_source },
    { "raw", "raw", evprof_web_raw },
};

static const struct data {
    const char *path;
    evprof_web_view_fn view;
} datas[] = {
    { "data/flame", evprof_web_flame },
    { "data/table", evprof_web_table },
    { "data/calls", evprof_web_calls },
    { "data/search", evprof_web_search },
    { "data/source", evprof_web_source },
    { "data/graph", evprof_web_graph },
    { "data/raw", evprof_web_raw },
    { "data/asm", evprof_web_asm },
    { "data/live", evprof_web_live },
    { "data/settings", evprof_web_settings },
};

static const struct action {
    const char *path;
    enum evprof_web_method method;
    int (*act)(evprof_web_call_t *call, evprof_error_t *err);
} actions[] = {
    { "download", EVPROF_WEB_GET, evprof_web_download },
    { "export", EVPROF_WEB_GET, evprof_web_export },
    { "saveconfig", EVPROF_WEB_POST, evprof_web_save },
    { "deleteconfig", EVPROF_WEB_DELETE, evprof_web_remove },
    { "open", EVPROF_WEB_POST, evprof_web_open },
    { "close", EVPROF_WEB_DELETE, evprof_web_close },
    { "reload", EVPROF_WEB_POST, evprof_web_reload },
};

/* Old names and the site's root, which redirect. */
static const char *const moved[] = { "", "flamegraph2", "flamegraphold" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Answers ---- */

static void
answer_failure(evprof_web_answer_t *answer, int status,
               const evprof_error_t *err)
{
    evprof_web_text(answer, evprof_web_code(status), err->message);
}

static void
answer_data(evprof_web_call_t *call, evprof_web_view_fn view)
{
    evprof_error_t err = { 0 };
    evprof_web_answer_t *answer = call->answer;
    int status = evprof_params_apply(&call->params, &call->options, &err);
    if (status == EVPROF_OK) {
        status = view(call, &answer->body, &err);
    }
    answer->code = 200;
    answer->type = "application/json";
    if (status != EVPROF_OK) {
        answer_failure(answer, status, &err);
    }
}

static void
answer_action(evprof_web_call_t *call, const struct action *action)
{
    evprof_error_t err = { 0 };
    const char *token = call->ask->token;
    if (call->ask->method != action->method) {
        evprof_web_text(call->answer, 405, "method not allowed");
        return;
    }
    if (action->method != EVPROF_WEB_GET &&
        (token == NULL || strcmp(token, evprof_site_token(call->site)) != 0)) {
        evprof_web_text(call->answer, 403,
                        "the token of the page is missing; reload the page");
        return;
    }
    int status = evprof_params_apply(&call->params, &call->options, &err);
    if (status == EVPROF_OK) {
        status = action->act(call, &err);
    }
    if (status != EVPROF_OK) {
        answer_failure(call->answer, status, &err);
    }
}

static void
redirect(evprof_web_call_t *call)
{
    evprof_buf_t *location = &call->answer->location;
    call->answer->code = 301;
    evprof_buf_puts(location, "flamegraph");
    if (call->ask->query != NULL && call->ask->query[0] != '\0') {
        evprof_buf_printf(location, "?%s", call->ask->query);
    }
}

static bool
try_fixed(evprof_web_call_t *call)
{
    const char *path = call->ask->path;
    for (size_t i = 0; i < COUNT(moved); i++) {
        if (strcmp(path, moved[i]) == 0) {
            redirect(call);
            return true;
        }
    }
    for (size_t i = 0; i < COUNT(actions); i++) {
        if (strcmp(path, actions[i].path) == 0) {
            answer_action(call, &actions[i]);
            return true;
        }
    }
    return strncmp(path, "static/", 7) == 0 &&
           evprof_asset_answer(path + 7, call->answer);
}

static bool
try_views(evprof_web_call_t *call)
{
    const char *path = call->ask->path;
    for (size_t i = 0; i < COUNT(pages); i++) {
        if (strcmp(path, pages[i].path) == 0) {
            evprof_web_page(call, pages[i].name, pages[i].view);
            return true;
        }
    }
    for (size_t i = 0; i < COUNT(datas); i++) {
        if (strcmp(path, datas[i].path) == 0) {
            answer_data(call, datas[i].view);
            return true;
        }
    }
    return false;
}

static void
answer_call(evprof_web_call_t *call)
{
    if (try_fixed(call)) {
        return;
    }
    if (call->ask->method != EVPROF_WEB_GET) {
        evprof_web_text(call->answer, 405, "method not allowed");
    } else if (!try_views(call)) {
        evprof_web_text(call->answer, 404, "page not found");
    }
}

/* Appends the parts of a request that its answer depends on. */
static bool
make_key(const evprof_site_t *site, const evprof_web_ask_t *ask,
         evprof_buf_t *key)
{
    evprof_buf_printf(key, "%u%c%s?%s", evprof_site_generation(site),
                      ask->accepts_gzip ? 'z' : 'p', ask->path,
                      ask->query != NULL ? ask->query : "");
    return !key->failed;
}

static void
answer_anew(evprof_site_t *site, const evprof_web_ask_t *ask,
            evprof_web_answer_t *answer)
{
    evprof_web_call_t call = { .site = site, .ask = ask, .answer = answer };
    evprof_error_t err;
    if (evprof_params_read(ask->query, &call.params) != EVPROF_OK ||
        evprof_options_copy(&call.options, evprof_site_options(site), &err) !=
            EVPROF_OK) {
        evprof_params_free(&call.params);
        evprof_web_text(answer, 500, "out of memory");
        return;
    }
    answer_call(&call);
    evprof_options_free(&call.options);
    evprof_params_free(&call.params);
    if (answer->body.failed) {
        evprof_buf_free(&answer->body);
        evprof_web_text(answer, 500, "out of memory");
    }
}

void
evprof_site_answer(evprof_site_t *site, const evprof_web_ask_t *ask,
                   evprof_web_answer_t *answer)
{
    *answer = (evprof_web_answer_t){ 0 };
    evprof_buf_t key = { 0 };
    bool is_kept = ask->method == EVPROF_WEB_GET &&
                   strcmp(ask->path, "data/settings") != 0 &&
                   strcmp(ask->path, "data/live") != 0 &&
                   make_key(site, ask, &key);
    if (is_kept && evprof_site_recall(site, key.data, answer)) {
        if (ask->if_none_match != NULL &&
            strcmp(ask->if_none_match, answer->etag) == 0) {
            answer->code = 304;
            evprof_buf_clear(&answer->body);
        }
        evprof_buf_free(&key);
        return;
    }
    unsigned before = evprof_site_generation(site);
    answer_anew(site, ask, answer);
    evprof_web_finish(ask, answer);
    if (is_kept && answer->code == 200) {
        if (before != evprof_site_generation(site)) {
            evprof_buf_clear(&key);
            make_key(site, ask, &key);
        }
        evprof_site_remember(site, key.data, answer);
    }
    evprof_buf_free(&key);
}
