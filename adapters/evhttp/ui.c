/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library is loaded once and called on the worker only. A request goes to it
 * as a frame: lines (method, path, query, headers), then the body. Its answer is
 * a frame too. core/runtime/ui.h has the lines of both.
 */
#include "adapters/evhttp/ui.h"

#include <dlfcn.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/evhttp/page.h"
#include "adapters/evhttp/pending.h"
#include "adapters/evhttp/reply.h"
#include "core/base/error.h"
#include "core/base/sender.h"
#include "core/runtime/open_beside.h"
#include "core/runtime/settings.h"
#include "core/runtime/ui.h"

#define LIBRARY "libevprof_web.so"
/* The largest body, packed by gzip; `evprof -http` shows larger profiles. */
#define MAX_BODY ((size_t)1 << 20)
#define MAX_KINDS 64

static const evprof_ui_t *_Atomic loaded;

/* ---- The library ---- */

/* Loads the library on first use; NULL: it is missing. */
static const evprof_ui_t *
ui_of_library(void)
{
    const evprof_ui_t *ui = atomic_load(&loaded);
    if (ui == NULL) {
        void *library = evprof_open_beside(LIBRARY);
        void *symbol =
            library != NULL ? dlsym(library, EVPROF_UI_SYMBOL) : NULL;
        if (symbol != NULL) {
            evprof_ui_fn get;
            memcpy(&get, &symbol, sizeof(get));
            ui = get();
            atomic_store(&loaded, ui);
        }
    }
    return ui;
}

static bool
is_configured(evprof_t *prof, bool *may_read_sources)
{
    evprof_config_t *config = evprof_settings_hold(prof);
    bool is_on = evprof_settings_pprof(config)->ui;
    *may_read_sources = evprof_settings_pprof(config)->ui_source;
    evprof_settings_release(config);
    return is_on;
}

bool
evprof_ui_is_leaf(const char *leaf)
{
    return strncmp(leaf, "ui", 2) == 0 && (leaf[2] == '\0' || leaf[2] == '/');
}

bool
evprof_ui_is_on(evprof_t *prof)
{
    bool may_read;
    return is_configured(prof, &may_read) && ui_of_library() != NULL;
}

const char *const *
evprof_ui_paths(evprof_t *prof)
{
    return evprof_ui_is_on(prof) ? ui_of_library()->paths : NULL;
}

/* ---- On the worker ---- */

/* Lists the leaves of profiles that are on and are in profile.proto's format;
 * ends with NULL. */
static void
list_kinds(const evprof_entry_t *entries, size_t count,
           const char *kinds[MAX_KINDS + 1])
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < MAX_KINDS; i++) {
        unsigned flags = entries[i].module->flags;
        if (entries[i].is_on &&
            (flags & (EVPROF_MODULE_TEXT_ONLY | EVPROF_MODULE_FILE)) == 0) {
            kinds[used++] = entries[i].leaf;
        }
    }
    kinds[used] = NULL;
}

static int
answer_frame(evprof_t *prof, const evprof_ask_t *ask, evprof_result_t *result)
{
    /* The library keeps pointers into these. */
    static evprof_program_t program;
    static const char *kinds[MAX_KINDS + 1];
    static evprof_ui_how_t how;
    if (how.program == NULL) {
        size_t count = 0;
        evprof_entry_t *entries = evprof_page_entries(prof, &count);
        if (entries == NULL) {
            return EVPROF_ENOMEM;
        }
        list_kinds(entries, count, kinds);
        free(entries);
        evprof_program_read(&program);
        how.kinds = kinds;
        (void)is_configured(prof, &how.may_read_sources);
        how.program = program.name;
    }
    ui_of_library()->answer(&how, ask->body, ask->body_len, &result->body);
    return result->body.failed ? EVPROF_ENOMEM : EVPROF_OK;
}

/* ---- On the loop ---- */

static void
add_header(struct evhttp_request *req, const char *name, const char *value)
{
    if (value[0] != '\0') {
        evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
    }
}

static void
add_headers(struct evhttp_request *req, char *const *lines)
{
    for (const evprof_ui_header_t *h = atomic_load(&loaded)->headers;
         h->name != NULL; h++) {
        add_header(req, h->name, h->value);
    }
    add_header(req, "Content-Type", lines[EVPROF_UI_TYPE]);
    add_header(req, "ETag", lines[EVPROF_UI_ETAG]);
    add_header(req, "Location", lines[EVPROF_UI_LOCATION]);
    add_header(req, "Content-Encoding", lines[EVPROF_UI_ENCODING]);
    add_header(req, "Cache-Control", lines[EVPROF_UI_CACHE_CONTROL]);
    add_header(req, "Vary", "Accept-Encoding");
    if (lines[EVPROF_UI_FILENAME][0] != '\0') {
        char value[128];
        (void)snprintf(value, sizeof(value), "attachment; filename=\"%s\"",
                       lines[EVPROF_UI_FILENAME]);
        add_header(req, "Content-Disposition", value);
    }
}

/* Sends what the library has returned: header lines, then the body. */
static void
send_frame(struct evhttp_request *req, evprof_buf_t *frame)
{
    char *lines[EVPROF_UI_ANSWER_LINES];
    char *at = frame->data;
    char *end = at + frame->len;
    for (size_t i = 0; i < EVPROF_UI_ANSWER_LINES; i++) {
        lines[i] = at;
        at = at != NULL ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (at == NULL) {
            evprof_reply_error(req, 500, NULL, "the web UI gave no answer");
            return;
        }
        *at++ = '\0';
    }
    add_headers(req, lines);
    bool is_head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
    struct evbuffer *out = is_head ? NULL : evbuffer_new();
    if (out != NULL) {
        evbuffer_add(out, at, (size_t)(end - at));
    }
    evhttp_send_reply(req, (int)strtol(lines[EVPROF_UI_CODE], NULL, 10), NULL,
                      out);
    if (out != NULL) {
        evbuffer_free(out);
    }
}

static const char *
header(struct evhttp_request *req, const char *name)
{
    const char *value =
        evhttp_find_header(evhttp_request_get_input_headers(req), name);
    return value != NULL ? value : "";
}

/* Whether a page of another origin has sent the request: its script must
 * neither read nor change anything here. The access rules have judged Host. */
static bool
is_foreign(struct evhttp_request *req)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const evprof_sent_t sent = {
        .host = evhttp_find_header(headers, "Host"),
        .origin = evhttp_find_header(headers, "Origin"),
        .fetch_site = evhttp_find_header(headers, "Sec-Fetch-Site"),
        .is_link = strcmp(header(req, "Sec-Fetch-Mode"), "navigate") == 0,
    };
    return evprof_sender_of(NULL, &sent) != EVPROF_SENDER_OURS;
}

static const char *
method_of(struct evhttp_request *req)
{
    switch (evhttp_request_get_command(req)) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_HEAD:
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    default:
        return NULL;
    }
}

/* Prepends the header lines for the library to the request's body, in the
 * request's own buffer. False: out of memory, or a line contains a newline. */
static bool
make_frame(struct evhttp_request *req, const char *path, evprof_ask_t *ask)
{
    const char *query =
        evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
    const char *const lines[EVPROF_UI_REQUEST_LINES] = {
        [EVPROF_UI_METHOD] = method_of(req),
        [EVPROF_UI_PATH] = path,
        [EVPROF_UI_QUERY] = query != NULL ? query : "",
        [EVPROF_UI_TOKEN] = header(req, "X-Evprof-Token"),
        [EVPROF_UI_IF_NONE_MATCH] = header(req, "If-None-Match"),
        [EVPROF_UI_ACCEPT_ENCODING] = header(req, "Accept-Encoding"),
    };
    struct evbuffer *input = evhttp_request_get_input_buffer(req);
    evprof_buf_t head = { 0 };
    bool is_whole = true;
    for (size_t i = 0; i < EVPROF_UI_REQUEST_LINES; i++) {
        is_whole =
            is_whole && lines[i] != NULL && strchr(lines[i], '\n') == NULL;
        evprof_buf_printf(&head, "%s\n", lines[i] != NULL ? lines[i] : "");
    }
    is_whole = is_whole && !head.failed &&
               evbuffer_prepend(input, head.data, head.len) == 0;
    evprof_buf_free(&head);
    ask->body_len = evbuffer_get_length(input);
    ask->body = is_whole ? evbuffer_pullup(input, -1) : NULL;
    return ask->body != NULL;
}

void
evprof_ui_serve(evprof_t *prof, struct evhttp *http, struct evhttp_request *req,
                const char *leaf)
{
    evprof_plan_t plan = {
        .prof = prof,
        .http = http,
        .call = answer_frame,
        .reply = { .send = send_frame },
    };
    struct evbuffer *input = evhttp_request_get_input_buffer(req);
    if (!evprof_ui_is_on(prof)) {
        evprof_reply_error(req, 404, NULL, "ui is off, or its library missing");
    } else if (is_foreign(req)) {
        evprof_reply_error(req, 403, NULL, "permission denied");
    } else if (leaf[2] == '\0') {
        evprof_reply_redirect(req, "ui/");
    } else if (method_of(req) == NULL) {
        evprof_reply_error(req, 405, NULL, "Method Not Allowed");
    } else if (evbuffer_get_length(input) > MAX_BODY) {
        evprof_reply_error(req, 413, NULL, "the profile is above 1 MiB");
    } else if (!make_frame(req, leaf + 3, &plan.ask)) {
        evprof_reply_error(req, 400, NULL, "the request cannot be read");
    } else {
        evprof_pending_start(req, &plan);
    }
}
