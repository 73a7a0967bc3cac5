/* SPDX-License-Identifier: Apache-2.0 */
/* What all views start with: the profile, the options, the head of the
 * document. */
#include "adapters/web/call.h"

#include "core/base/json.h"

static evprof_wanted_t
wanted_by(const evprof_params_t *params)
{
    int64_t most = EVPROF_WEB_MAX_OPENED - 1;
    int64_t base = evprof_param_int(params, "base", -1, most, -2);
    return (evprof_wanted_t){
        .profile = (size_t)evprof_param_int(params, "pf", 0, most, 0),
        .base = base >= 0 ? (size_t)base : EVPROF_WEB_NO_BASE,
        .wants_own_base = base == -2,
        .folds_recursion = evprof_param(params, "recursion") != NULL,
    };
}

int
evprof_web_stacks(evprof_web_call_t *call, const evprof_seen_t **out,
                  evprof_error_t *err)
{
    evprof_wanted_t wanted = wanted_by(&call->params);
    return evprof_site_see(call->site, &wanted, &call->options, out, err);
}

int
evprof_web_begin(evprof_web_call_t *call, const evprof_seen_t **seen,
                 evprof_document_t *d, evprof_buf_t *out, evprof_error_t *err)
{
    int status = evprof_web_stacks(call, seen, err);
    return status == EVPROF_OK
               ? evprof_document_begin(d, (*seen)->stacks, out, err)
               : status;
}

static void
put_opened(const evprof_site_t *site, evprof_buf_t *out)
{
    const evprof_opened_t *opened = evprof_site_opened(site);
    const char *gap = "";
    evprof_buf_putc(out, '[');
    for (size_t i = 0; i < EVPROF_WEB_MAX_OPENED; i++) {
        if (opened[i].profile != NULL) {
            evprof_buf_printf(out, "%s{\"id\":%zu,", gap, i);
            evprof_json_member(out, "name", opened[i].name);
            evprof_buf_printf(out, ",\"hasBase\":%s}",
                              opened[i].base != NULL ? "true" : "false");
            gap = ",";
        }
    }
    evprof_buf_putc(out, ']');
}

bool
evprof_web_is_empty(const evprof_web_call_t *call)
{
    return evprof_site_opened(call->site)[0].profile == NULL;
}

void
evprof_web_put_kinds(const evprof_web_call_t *call, evprof_buf_t *out)
{
    const char *const *kinds = evprof_site_setup(call->site)->hooks.kinds;
    evprof_buf_putc(out, '[');
    for (size_t i = 0; kinds != NULL && kinds[i] != NULL; i++) {
        evprof_buf_puts(out, i > 0 ? "," : "");
        evprof_json_string(out, kinds[i]);
    }
    evprof_buf_putc(out, ']');
}

void
evprof_web_put_head(evprof_web_call_t *call, evprof_document_t *d,
                    const evprof_seen_t *seen)
{
    const evprof_site_setup_t *setup = evprof_site_setup(call->site);
    evprof_document_meta(d);
    evprof_document_profile(d, seen->profile);
    evprof_document_member(d, "opened");
    put_opened(call->site, d->out);
    evprof_document_member(d, "notes");
    evprof_buf_putc(d->out, '[');
    evprof_buf_add(d->out, seen->notes.data, seen->notes.len);
    evprof_buf_putc(d->out, ']');
    evprof_document_member(d, "kinds");
    evprof_web_put_kinds(call, d->out);
    evprof_document_member(d, "isGuest");
    evprof_buf_puts(d->out, setup->is_guest ? "true" : "false");
    evprof_document_member(d, "canReload");
    evprof_buf_puts(d->out, setup->hooks.reload != NULL ? "true" : "false");
}
