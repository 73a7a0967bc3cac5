/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_ASSETS_H
#define EVPROF_WEB_ASSETS_H

#include <stdbool.h>

#include "adapters/web/web.h"

/* Scripts and styles. Their addresses change with their contents, so that
 * browsers may keep them for good. */
enum evprof_asset {
    EVPROF_ASSET_SCRIPT,
    EVPROF_ASSET_STYLE,
    EVPROF_ASSET_LAYOUT, /* the graph's layout where there is no dot */
    EVPROF_ASSET_COUNT,
};

/* Appends the asset's address below static/: its name and a hash of its
 * contents. */
void evprof_asset_name(enum evprof_asset asset, evprof_buf_t *out);

/* Answers with the asset of that name; false: there is none. */
bool evprof_asset_answer(const char *name, evprof_web_answer_t *answer);

#endif
