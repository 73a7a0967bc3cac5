/* SPDX-License-Identifier: Apache-2.0 */
/* The profile as text, and as a file. */
#include "adapters/web/call.h"

#include "core/base/error.h"
#include "core/base/json.h"

/* More text than this makes browsers stall; the download has all of it. */
#define MAX_TEXT ((size_t)4 << 20)

static int
write_report(evprof_web_call_t *call, const evprof_seen_t *seen,
             evprof_buf_t *text, evprof_error_t *err)
{
    const evprof_request_t request = { .report = evprof_report_find("raw"),
                                       .options = &call->options };
    if (request.report == NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP, "there is no raw report");
    }
    evprof_pprof_t *copy = evprof_pprof_copy(seen->profile);
    if (copy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    evprof_view_t *view;
    evprof_writer_t writer = evprof_writer_buf(text);
    int status = evprof_view_new(copy, &request, &view, err);
    if (status == EVPROF_OK) {
        status = evprof_view_write(view, &writer, err);
        evprof_view_free(view);
    }
    evprof_pprof_free(copy);
    return status;
}

int
evprof_web_raw(evprof_web_call_t *call, evprof_buf_t *out, evprof_error_t *err)
{
    const evprof_seen_t *seen;
    evprof_document_t d;
    evprof_buf_t text = { 0 };
    int status = evprof_web_stacks(call, &seen, err);
    if (status == EVPROF_OK) {
        status = write_report(call, seen, &text, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_document_begin(&d, seen->stacks, out, err);
    }
    if (status == EVPROF_OK) {
        size_t len = text.len;
        if (len > MAX_TEXT) {
            text.len = MAX_TEXT;
            text.data[MAX_TEXT] = '\0';
        }
        evprof_web_put_head(call, &d, seen);
        evprof_document_member(&d, "text");
        evprof_json_string(out, text.len > 0 ? text.data : "");
        evprof_document_member(&d, "textLength");
        evprof_buf_put_uint(out, len);
        evprof_document_end(&d);
    }
    evprof_buf_free(&text);
    return status;
}

int
evprof_web_download(evprof_web_call_t *call, evprof_error_t *err)
{
    const evprof_seen_t *seen;
    int status = evprof_web_stacks(call, &seen, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_writer_t writer = evprof_writer_buf(&call->answer->body);
    status = evprof_pprof_encode(seen->profile, 0, &writer, err);
    call->answer->code = 200;
    call->answer->type = "application/octet-stream";
    call->answer->filename = "profile.pb.gz";
    return status;
}
