/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles come and go: files that are dropped on a page, and new ones from
 * where the first came from. */
#include "adapters/web/call.h"

#include "core/base/error.h"

#define MAX_SECONDS 3600

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
    int status = evprof_format_read(setup->formats, call->ask->body,
                                    call->ask->body_len, &profile, err);
    if (status != EVPROF_OK) {
        return status;
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

int
evprof_web_reload(evprof_web_call_t *call, evprof_error_t *err)
{
    const evprof_site_setup_t *setup = evprof_site_setup(call->site);
    if (setup->hooks.reload == NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "there is nothing to load it from again");
    }
    int64_t seconds =
        evprof_param_int(&call->params, "seconds", 0, MAX_SECONDS, 0);
    evprof_pprof_t *profile;
    int status = setup->hooks.reload(setup->hooks.ctx, seconds, &profile, err);
    if (status == EVPROF_OK) {
        evprof_site_replace(call->site, profile);
        answer_index(call, 0);
    }
    return status;
}
