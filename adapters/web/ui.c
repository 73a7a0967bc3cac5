/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The site inside a running server. It starts without a profile: the browser
 * takes one from the server like any client and posts it to the site. There is
 * one site for the process, made by the first request; everything runs on the
 * worker's thread.
 */
#include "core/runtime/ui.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/web/web.h"

static const char *const paths[] = {
    "ui",
    "ui/",
    "ui/flamegraph",
    "ui/flamegraph2",
    "ui/flamegraphold",
    "ui/top",
    "ui/graph",
    "ui/peek",
    "ui/source",
    "ui/disasm",
    "ui/raw",
    "ui/download",
    "ui/export",
    "ui/open",
    "ui/close",
    "ui/saveconfig",
    "ui/deleteconfig",
    "ui/reload",
    "ui/data/flame",
    "ui/data/table",
    "ui/data/calls",
    "ui/data/graph",
    "ui/data/search",
    "ui/data/source",
    "ui/data/raw",
    "ui/data/asm",
    "ui/data/live",
    "ui/data/settings",
    "ui/static/app.js",
    "ui/static/app.css",
    "ui/static/layout.js",
    NULL,
};

static evprof_site_t *
make_site(const evprof_ui_how_t *how)
{
    evprof_options_t options;
    evprof_site_t *site = NULL;
    evprof_error_t none;
    if (evprof_options_init(&options, &none) != EVPROF_OK) {
        return NULL;
    }
    const evprof_site_setup_t setup = {
        .name = how->program,
        .options = &options,
        .formats = evprof_formats,
        .hooks = { .kinds = how->kinds,
                   .may_read_sources = how->may_read_sources },
        .is_guest = true,
    };
    (void)evprof_site_new(&setup, &site, &none);
    evprof_options_free(&options);
    return site;
}

/* ---- Frames ---- */

/* Splits the first lines off a frame, which is modified; returns what follows
 * them. */
static char *
read_lines(char *frame, size_t len, const char **lines, size_t count)
{
    char *end = frame + len;
    for (size_t i = 0; i < count; i++) {
        char *newline = memchr(frame, '\n', (size_t)(end - frame));
        if (newline == NULL) {
            return NULL;
        }
        *newline = '\0';
        lines[i] = frame;
        frame = newline + 1;
    }
    return frame;
}

static void
put_frame(evprof_buf_t *out, const evprof_web_answer_t *answer)
{
    evprof_buf_printf(
        out, "%d\n%s\n%s\n%s\n%s\n%s\n%s\n", answer->code,
        answer->type != NULL ? answer->type : "",
        answer->filename != NULL ? answer->filename : "", answer->etag,
        answer->location.len > 0 ? answer->location.data : "",
        answer->is_gzip ? "gzip" : "",
        answer->is_immutable ? "public, max-age=31536000, immutable"
                             : "no-cache");
    evprof_buf_add(out, answer->body.data, answer->body.len);
}

static void
put_failure(evprof_buf_t *out, const char *code, const char *text)
{
    evprof_buf_printf(out,
                      "%s\ntext/plain; charset=utf-8\n\n\n\n\nno-cache\n%s\n",
                      code, text);
}

static enum evprof_web_method
method_of(const char *name)
{
    return strcmp(name, "POST") == 0     ? EVPROF_WEB_POST
           : strcmp(name, "DELETE") == 0 ? EVPROF_WEB_DELETE
                                         : EVPROF_WEB_GET;
}

static void
answer_frame(const evprof_ui_how_t *how, const char *frame, size_t len,
             evprof_buf_t *out)
{
    static evprof_site_t *site;
    const char *lines[EVPROF_UI_REQUEST_LINES];
    char *copy = malloc(len + 1);
    if (site == NULL) {
        site = make_site(how);
    }
    if (site == NULL || copy == NULL) {
        free(copy);
        put_failure(out, "500", "out of memory");
        return;
    }
    memcpy(copy, frame, len);
    copy[len] = '\0';
    char *body = read_lines(copy, len, lines, EVPROF_UI_REQUEST_LINES);
    if (body == NULL) {
        put_failure(out, "400", "the request is no frame");
    } else {
        const evprof_web_ask_t ask = {
            .method = method_of(lines[EVPROF_UI_METHOD]),
            .path = lines[EVPROF_UI_PATH],
            .query = lines[EVPROF_UI_QUERY],
            .token = lines[EVPROF_UI_TOKEN],
            .if_none_match = lines[EVPROF_UI_IF_NONE_MATCH],
            .accepts_gzip =
                strstr(lines[EVPROF_UI_ACCEPT_ENCODING], "gzip") != NULL,
            .body = body,
            .body_len = len - (size_t)(body - copy),
        };
        evprof_web_answer_t answer;
        evprof_site_answer(site, &ask, &answer);
        put_frame(out, &answer);
        evprof_web_answer_free(&answer);
    }
    free(copy);
}

const evprof_ui_t *
evprof_ui(void)
{
    static const evprof_ui_t ui = {
        .answer = answer_frame,
        .paths = paths,
        .headers = evprof_web_headers,
    };
    return &ui;
}
