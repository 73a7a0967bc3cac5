/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_ASSETS_H
#define EVPROF_WEB_ASSETS_H

#include <stdbool.h>

#include "adapters/web/web.h"

/* Scripts and styles. Their addresses change with their content, so that
 * browsers keep them for good. */
enum evprof_asset {
    EVPROF_ASSET_SCRIPT,
    EVPROF_ASSET_STYLE,
    EVPROF_ASSET_LAYOUT, /* the graph's layout where there is no dot */
    EVPROF_ASSET_COUNT,
};

/* Appends the address below static/: the name, and what tells its content. */
void evprof_asset_name(enum evprof_asset asset, evprof_buf_t *out);

/* Answers with the asset of that name; false when there is none. */
bool evprof_asset_answer(const char *name, evprof_web_answer_t *answer);

#endif
