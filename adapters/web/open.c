/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and closes profiles: files dropped on a page, and new profiles from the
 * server of the first one. */
#include "adapters/web/call.h"

#include <string.h>

#include "adapters/web/live.h"
#include "core/base/error.h"
#include "core/base/json.h"

#define MAX_SECONDS 3600
/* The largest body, as sent in gzip; in memory it is about ten times as
 * large. */
#define GUEST_MAX_BODY ((size_t)256 << 10)

static void
answer_index(evprof_web_call_t *call, size_t index)
{
    call->answer->code = 200;
    call->answer->type = "application/json";
    evprof_buf_printf(&call->answer->body, "{\"profile\":%zu}\n", index);
}

int
evprof_web_open(evprof_web_call_t *call, evprof_error_t *err)
{
    const evprof_site_setup_t *setup = evprof_site_setup(call->site);
    const char *name = evprof_param(&call->params, "name");
    evprof_pprof_t *profile;
    size_t index;
    if (setup->is_guest && call->ask->body_len > GUEST_MAX_BODY) {
        return evprof_fail(err, EVPROF_ELIMIT,
                           "the profile is too large to be shown by the server "
                           "itself; show it with evprof -http");
    }
    int status = evprof_format_read(setup->formats, call->ask->body,
                                    call->ask->body_len, &profile, err);
    if (status != EVPROF_OK) {
        return status;
    }
    if (setup->is_guest) {
        bool keeps = evprof_param(&call->params, "keep") != NULL;
        answer_index(call, evprof_site_update(call->site,
                                              name != NULL ? name : "profile",
                                              keeps, profile));
        return EVPROF_OK;
    }
    status = evprof_site_open(call->site, name != NULL ? name : "profile",
                              profile, &index, err);
    if (status != EVPROF_OK) {
        evprof_pprof_free(profile);
        return status;
    }
    answer_index(call, index);
    return EVPROF_OK;
}

int
evprof_web_close(evprof_web_call_t *call, evprof_error_t *err)
{
    int64_t index =
        evprof_param_int(&call->params, "pf", 1, EVPROF_WEB_MAX_OPENED - 1, 0);
    int status = evprof_site_close(call->site, (size_t)index, err);
    if (status == EVPROF_OK) {
        answer_index(call, 0);
    }
    return status;
}

/* ---- From a server ---- */

static bool
is_kind(const evprof_site_setup_t *setup, const char *kind)
{
    const char *const *at = setup->hooks.kinds;
    while (at != NULL && *at != NULL && strcmp(*at, kind) != 0) {
        at++;
    }
    return at != NULL && *at != NULL;
}

int
evprof_web_reload(evprof_web_call_t *call, evprof_error_t *err)
{
    const evprof_site_setup_t *setup = evprof_site_setup(call->site);
    if (setup->hooks.reload == NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "there is nothing to load it from again");
    }
    const evprof_reload_t what = {
        .seconds =
            evprof_param_int(&call->params, "seconds", 0, MAX_SECONDS, 0),
        .kind = evprof_param(&call->params, "kind"),
    };
    if (what.kind != NULL && !is_kind(setup, what.kind)) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "the server has no such profile");
    }
    int status = evprof_live_start(evprof_site_live(call->site), &what, err);
    if (status == EVPROF_OK) {
        answer_index(call, 0);
        call->answer->code = 202;
    }
    return status;
}

/* Adds the fetched profile to the open ones and answers with its index. */
int
evprof_web_live(evprof_web_call_t *call, evprof_buf_t *out, evprof_error_t *err)
{
    (void)err;
    evprof_live_t *live = evprof_site_live(call->site);
    evprof_live_result_t result;
    const char *kind = evprof_param(&call->params, "kind");
    bool keeps = evprof_param(&call->params, "keep") != NULL;
    if (!evprof_live_take(live, &result)) {
        evprof_buf_printf(out, "{\"busy\":%s}\n",
                          evprof_live_is_busy(live) ? "true" : "false");
        return EVPROF_OK;
    }
    evprof_buf_puts(out, "{\"busy\":false,");
    if (result.status != EVPROF_OK) {
        evprof_json_member(out, "error", result.err.message);
    } else {
        evprof_buf_printf(
            out, "\"profile\":%zu",
            evprof_site_update(call->site, kind, keeps, result.profile));
    }
    evprof_buf_puts(out, "}\n");
    return EVPROF_OK;
}
