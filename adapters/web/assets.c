/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/web/assets.h"

#include <string.h>

#include "adapters/web/page.h"
#include "core/base/hash.h"

typedef struct asset {
    const char *name;
    const char *type;
    const char *data;
    const size_t *len;
} asset_t;

static const asset_t assets[EVPROF_ASSET_COUNT] = {
    [EVPROF_ASSET_SCRIPT] = { "app.js", "text/javascript; charset=utf-8",
                              evprof_web_script, &evprof_web_script_len },
    [EVPROF_ASSET_STYLE] = { "app.css", "text/css; charset=utf-8",
                             evprof_web_style, &evprof_web_style_len },
    [EVPROF_ASSET_LAYOUT] = { "layout.js", "text/javascript; charset=utf-8",
                              evprof_web_layout, &evprof_web_layout_len },
};

void
evprof_asset_name(enum evprof_asset asset, evprof_buf_t *out)
{
    const asset_t *a = &assets[asset];
    evprof_buf_printf(out, "%s?%016llx", a->name,
                      (unsigned long long)evprof_hash(a->data, *a->len, 0));
}

bool
evprof_asset_answer(const char *name, evprof_web_answer_t *answer)
{
    for (int i = 0; i < EVPROF_ASSET_COUNT; i++) {
        if (strcmp(assets[i].name, name) == 0) {
            answer->code = 200;
            answer->type = assets[i].type;
            answer->is_immutable = true;
            evprof_buf_add(&answer->body, assets[i].data, *assets[i].len);
            return true;
        }
    }
    return false;
}
