/* SPDX-License-Identifier: Apache-2.0 */
/* Named settings, in the file that pprof keeps them in too. */
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/web/call.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/report/settings.h"

static int
read_settings(const evprof_web_call_t *call, evprof_settings_t *out,
              evprof_error_t *err)
{
    const char *file = evprof_site_setup(call->site)->hooks.settings_file;
    if (file == NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP, "settings are not saved here");
    }
    return evprof_settings_read(file, out, err);
}

/* Appends the parameters of the options that differ from their defaults. */
static void
put_query(evprof_buf_t *out, const evprof_options_t *options)
{
    char scratch[EVPROF_OPTION_TEXT_SIZE];
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        const char *name = option->url != NULL ? option->url : option->name;
        const char *value = evprof_option_get(options, option, scratch);
        if (!option->is_saved || strcmp(value, option->by_default) == 0) {
            continue;
        }
        char *plain = evhttp_uriencode(value, -1, 1);
        evprof_buf_printf(out, "%s%s=%s", out->len > 0 ? "&" : "", name,
                          plain != NULL ? plain : "");
        out->failed = out->failed || plain == NULL;
        free(plain);
    }
}

static void
put_settings(evprof_buf_t *out, const evprof_settings_t *settings)
{
    evprof_buf_puts(out, "{\"settings\":[");
    for (size_t i = 0; i < settings->count; i++) {
        evprof_buf_t query = { 0 };
        put_query(&query, &settings->items[i].options);
        evprof_buf_puts(out, i > 0 ? ",{" : "{");
        evprof_json_member(out, "name", settings->items[i].name);
        evprof_buf_putc(out, ',');
        evprof_json_member(out, "query", query.len > 0 ? query.data : "");
        evprof_buf_putc(out, '}');
        out->failed = out->failed || query.failed;
        evprof_buf_free(&query);
    }
    evprof_buf_puts(out, "]}\n");
}

int
evprof_web_settings(evprof_web_call_t *call, evprof_buf_t *out,
                    evprof_error_t *err)
{
    evprof_settings_t settings = { 0 };
    if (evprof_site_setup(call->site)->hooks.settings_file != NULL) {
        int status = read_settings(call, &settings, err);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    put_settings(out, &settings);
    evprof_settings_free(&settings);
    return EVPROF_OK;
}

static int
write_settings(evprof_web_call_t *call, const evprof_settings_t *settings,
               evprof_error_t *err)
{
    const char *file = evprof_site_setup(call->site)->hooks.settings_file;
    int status = evprof_settings_write(file, settings, err);
    if (status == EVPROF_OK) {
        call->answer->code = 200;
        call->answer->type = "application/json";
        put_settings(&call->answer->body, settings);
    }
    return status;
}

int
evprof_web_save(evprof_web_call_t *call, evprof_error_t *err)
{
    const char *name = evprof_param(&call->params, "config");
    evprof_settings_t settings;
    int status = read_settings(call, &settings, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_settings_set(&settings, name != NULL ? name : "",
                                 &call->options, err);
    if (status == EVPROF_OK) {
        status = write_settings(call, &settings, err);
    }
    evprof_settings_free(&settings);
    return status;
}

int
evprof_web_remove(evprof_web_call_t *call, evprof_error_t *err)
{
    const char *name = evprof_param(&call->params, "config");
    evprof_settings_t settings;
    int status = read_settings(call, &settings, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_settings_remove(&settings, name != NULL ? name : "", err);
    if (status == EVPROF_OK) {
        status = write_settings(call, &settings, err);
    }
    evprof_settings_free(&settings);
    return status;
}
