/* SPDX-License-Identifier: Apache-2.0 */
/* The present view as a page that needs no server. */
#include "adapters/web/call.h"
#include "adapters/web/page.h"
#include "core/report/one_file.h"

int
evprof_web_export(evprof_web_call_t *call, evprof_error_t *err)
{
    const evprof_one_file_t files = { .page = evprof_web_file,
                                      .style = evprof_web_style,
                                      .script = evprof_web_script };
    const evprof_seen_t *seen;
    int status = evprof_web_stacks(call, &seen, err);
    if (status != EVPROF_OK) {
        return status;
    }
    call->answer->code = 200;
    call->answer->type = "text/html; charset=utf-8";
    call->answer->filename = "profile.html";
    return evprof_one_file_write(&files, seen->stacks, seen->profile,
                                 &call->answer->body, err);
}
