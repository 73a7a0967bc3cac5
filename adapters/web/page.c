/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every page is the same HTML shell with the document of its view inside, so
 * that it can be drawn without a second request. A view that fails is a page
 * too: the document has the reason, and the HTTP code is 400.
 */
#include "adapters/web/page.h"

#include "adapters/web/assets.h"
#include "adapters/web/call.h"
#include "core/base/html.h"
#include "core/base/json.h"
#include "core/base/template.h"

typedef struct shell {
    const evprof_web_call_t *call;
    const evprof_buf_t *data;
} shell_t;

static void
fill(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    const shell_t *shell = ctx;
    const evprof_site_t *site = shell->call->site;
    if (evprof_template_is(name, len, "TOKEN")) {
        evprof_buf_puts(out, evprof_site_token(site));
    } else if (evprof_template_is(name, len, "TITLE")) {
        evprof_html_escape(out, evprof_site_opened(site)[0].name);
    } else if (evprof_template_is(name, len, "SCRIPT")) {
        evprof_asset_name(EVPROF_ASSET_SCRIPT, out);
    } else if (evprof_template_is(name, len, "STYLE")) {
        evprof_asset_name(EVPROF_ASSET_STYLE, out);
    } else if (evprof_template_is(name, len, "LAYOUT")) {
        evprof_asset_name(EVPROF_ASSET_LAYOUT, out);
    } else if (evprof_template_is(name, len, "DATA")) {
        evprof_buf_add(out, shell->data->data, shell->data->len);
    }
}

static void
put_failure(evprof_buf_t *out, const char *message)
{
    evprof_buf_clear(out);
    evprof_buf_putc(out, '{');
    evprof_json_member(out, "error", message);
    evprof_buf_putc(out, '}');
}

/* The document of a page before any profile was taken: it lets the user choose
 * one. */
static void
put_choice(const evprof_web_call_t *call, evprof_buf_t *out)
{
    evprof_buf_clear(out);
    evprof_buf_puts(out, "{\"choose\":true,\"kinds\":");
    evprof_web_put_kinds(call, out);
    evprof_buf_putc(out, '}');
}

void
evprof_web_page(evprof_web_call_t *call, const char *name,
                evprof_web_view_fn view)
{
    (void)name;
    evprof_error_t err = { 0 };
    evprof_buf_t data = { 0 };
    int status = evprof_params_apply(&call->params, &call->options, &err);
    if (status == EVPROF_OK) {
        status = view(call, &data, &err);
    }
    int code = status == EVPROF_OK ? 200 : 400;
    if (status == EVPROF_ENOENT && evprof_web_is_empty(call)) {
        code = 200;
        put_choice(call, &data);
    } else if (status != EVPROF_OK) {
        put_failure(&data, err.message);
    }
    shell_t shell = { .call = call, .data = &data };
    call->answer->code = code;
    call->answer->type = "text/html; charset=utf-8";
    evprof_template_fill(&call->answer->body, evprof_web_shell, fill, &shell);
    call->answer->body.failed |= data.failed;
    evprof_buf_free(&data);
}
