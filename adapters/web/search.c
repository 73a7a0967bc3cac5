/* SPDX-License-Identifier: Apache-2.0 */
/* The places that match q=, and the weight of all stacks with such a place. */
#include "adapters/web/call.h"

#include <stdlib.h>

int
evprof_web_search(evprof_web_call_t *call, evprof_buf_t *out,
                  evprof_error_t *err)
{
    const evprof_seen_t *seen;
    int status = evprof_web_stacks(call, &seen, err);
    if (status != EVPROF_OK) {
        return status;
    }
    const char *text = evprof_param(&call->params, "q");
    evprof_regex_t *pattern;
    status = evprof_regex_new(text != NULL ? text : "", &pattern, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_found_t found = { 0 };
    evprof_document_t d;
    status = evprof_stacks_search(seen->stacks, pattern, &found, err);
    if (status == EVPROF_OK) {
        status = evprof_document_begin(&d, seen->stacks, out, err);
    }
    if (status == EVPROF_OK) {
        evprof_document_found(&d, &found);
        evprof_document_end(&d);
    }
    free(found.is_match);
    evprof_regex_free(pattern);
    return status;
}
