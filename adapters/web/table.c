/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions: at most count= rows, in the order of sort=. */
#include "adapters/web/call.h"

#define DEFAULT_ROWS 1000
#define MAX_ROWS 1000000

int
evprof_web_table(evprof_web_call_t *call, evprof_buf_t *out,
                 evprof_error_t *err)
{
    const evprof_seen_t *seen;
    evprof_document_t d;
    int status = evprof_web_begin(call, &seen, &d, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    int64_t count =
        evprof_param_int(&call->params, "count", 1, MAX_ROWS, DEFAULT_ROWS);
    evprof_web_put_head(call, &d, seen);
    status = evprof_document_rows(&d, seen->rows, call->options.sort,
                                  (size_t)count, err);
    evprof_document_end(&d);
    return status;
}
