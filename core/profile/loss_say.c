/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports a loss: in a profile that is being built, in a finished one, or in
 * the error that replaces one. A builder counts its losses when it is finished,
 * since a difference takes two snapshots and keeps the comments of one.
 */
#include "core/base/error.h"
#include "core/profile/builder.h"
#include "core/profile/loss.h"

int
evprof_loss_say(evprof_builder_t *out, enum evprof_loss_of who,
                enum evprof_loss cause, const evprof_lost_t *lost)
{
    evprof_buf_t text = { 0 };
    evprof_loss_text(who, cause, lost, &text);
    int status = text.failed ? EVPROF_ENOMEM
                             : evprof_builder_comment(out, "%s", text.data);
    evprof_buf_free(&text);
    evprof_builder_lacks(out, who, cause);
    return status;
}

int
evprof_loss_note(evprof_pprof_t *p, enum evprof_loss_of who,
                 enum evprof_loss cause, const evprof_lost_t *lost)
{
    evprof_buf_t text = { 0 };
    evprof_loss_text(who, cause, lost, &text);
    int status =
        text.failed ? EVPROF_ENOMEM : evprof_pprof_comment(p, text.data);
    evprof_buf_free(&text);
    if (status == EVPROF_OK) {
        evprof_loss_count(who, UINT64_C(1) << cause);
    }
    return status;
}

int
evprof_loss_fail(evprof_error_t *err, int status, enum evprof_loss_of who,
                 enum evprof_loss cause, const evprof_lost_t *lost)
{
    evprof_buf_t text = { 0 };
    evprof_loss_text(who, cause, lost, &text);
    evprof_fail(err, status, "%s",
                text.failed ? evprof_loss_row(cause)->sentence : text.data);
    evprof_buf_free(&text);
    evprof_loss_count(who, UINT64_C(1) << cause);
    return status;
}
