/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/web/params.h"

#include <errno.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

#define MAX_PARAMS 100

/* Decodes `len` bytes of a query; NULL: out of memory. */
static char *
decode(const char *text, size_t len)
{
    char *copy = strndup(text, len);
    char *plain = copy != NULL ? evhttp_uridecode(copy, 1, NULL) : NULL;
    free(copy);
    return plain;
}

static bool
add_pair(evprof_params_t *out, const char *pair, size_t len)
{
    const char *equals = memchr(pair, '=', len);
    size_t key_len = equals != NULL ? (size_t)(equals - pair) : len;
    evprof_param_t *item = &out->items[out->count];
    item->key = decode(pair, key_len);
    item->value =
        equals != NULL ? decode(equals + 1, len - key_len - 1) : strdup("");
    if (item->key == NULL || item->value == NULL) {
        free(item->key);
        free(item->value);
        return false;
    }
    out->count++;
    return true;
}

int
evprof_params_read(const char *query, evprof_params_t *out)
{
    *out = (evprof_params_t){ 0 };
    out->items = calloc(MAX_PARAMS, sizeof(*out->items));
    if (out->items == NULL) {
        return EVPROF_ENOMEM;
    }
    const char *at = query != NULL ? query : "";
    while (*at != '\0' && out->count < MAX_PARAMS) {
        size_t len = strcspn(at, "&");
        if (len > 0 && !add_pair(out, at, len)) {
            evprof_params_free(out);
            return EVPROF_ENOMEM;
        }
        at += len + (at[len] == '&');
    }
    return EVPROF_OK;
}

void
evprof_params_free(evprof_params_t *params)
{
    for (size_t i = 0; i < params->count; i++) {
        free(params->items[i].key);
        free(params->items[i].value);
    }
    free(params->items);
    *params = (evprof_params_t){ 0 };
}

const char *
evprof_param(const evprof_params_t *params, const char *key)
{
    for (size_t i = 0; i < params->count; i++) {
        if (strcmp(params->items[i].key, key) == 0) {
            return params->items[i].value;
        }
    }
    return NULL;
}

int64_t
evprof_param_int(const evprof_params_t *params, const char *key, int64_t low,
                 int64_t high, int64_t otherwise)
{
    const char *text = evprof_param(params, key);
    if (text == NULL || text[0] == '\0') {
        return otherwise;
    }
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && value >= low && value <= high
               ? value
               : otherwise;
}

/* Options that pages can set and for which pprof has no parameter. */
static const char *const own_names[] = { "tagroot", "tagleaf" };

static const char *
name_in_urls(const evprof_option_t *option)
{
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
        if (strcmp(own_names[i], option->name) == 0) {
            return option->name;
        }
    }
    return option->url;
}

int
evprof_params_apply(const evprof_params_t *params, evprof_options_t *o,
                    evprof_error_t *err)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < evprof_option_count && status == EVPROF_OK; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        const char *name = name_in_urls(option);
        const char *value = name != NULL ? evprof_param(params, name) : NULL;
        if (value == NULL) {
            continue;
        }
        evprof_error_t inner;
        status = evprof_option_set(o, option, value, &inner);
        if (status != EVPROF_OK) {
            evprof_fail(err, status, "%s: %s", option->name, inner.message);
        }
    }
    return status;
}
