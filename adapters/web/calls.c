/* SPDX-License-Identifier: Apache-2.0 */
/* The callers and callees of the place with the number place=. */
#include "adapters/web/call.h"

#include "core/base/error.h"

int
evprof_web_calls(evprof_web_call_t *call, evprof_buf_t *out,
                 evprof_error_t *err)
{
    const evprof_seen_t *seen;
    int status = evprof_web_stacks(call, &seen, err);
    if (status != EVPROF_OK) {
        return status;
    }
    int64_t place = evprof_param_int(
        &call->params, "place", 0, (int64_t)seen->stacks->place_count - 1, -1);
    if (place < 0) {
        return evprof_fail(err, EVPROF_ENOENT, "no such place");
    }
    evprof_calls_t calls = { 0 };
    evprof_document_t d;
    status = evprof_calls_make(seen->stacks, (uint32_t)place, &calls, err);
    if (status == EVPROF_OK) {
        status = evprof_document_begin(&d, seen->stacks, out, err);
    }
    if (status == EVPROF_OK) {
        evprof_document_calls(&d, (uint32_t)place, &calls);
        evprof_document_end(&d);
    }
    evprof_calls_free(&calls);
    return status;
}
