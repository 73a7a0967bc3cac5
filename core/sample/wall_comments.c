/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sampler of wall time knows what it could not see; here that becomes rows
 * of the table of losses. A thread that was asked in vain is the fault of
 * whoever took SIGPROF from us, if somebody did.
 */
#include "core/sample/wall_comments.h"

#include "core/profile/loss.h"
#include "core/sample/ask.h"
#include "core/sample/proc.h"

static int
say(evprof_builder_t *out, enum evprof_loss cause, const evprof_lost_t *lost)
{
    return lost->n == 0
               ? EVPROF_OK
               : evprof_loss_say(out, EVPROF_LOSS_OF_WALL, cause, lost);
}

/* Threads that were asked, or could not be, and did not answer. */
static int
say_unanswered(const evprof_wall_account_t *account, evprof_builder_t *out)
{
    const evprof_lost_t refused = { .n = account->refused };
    const evprof_lost_t unanswered = { .n = account->unanswered,
                                       .of = account->asked,
                                       .what = account->intruder };
    int status = say(out, evprof_ask_loss(account->why_refused), &refused);
    if (status == EVPROF_OK) {
        status = say(out,
                     account->intruder != NULL ? EVPROF_LOSS_HANDLER_REPLACED
                                               : EVPROF_LOSS_UNANSWERED,
                     &unanswered);
    }
    return status;
}

static int
say_losses(const evprof_wall_account_t *account, evprof_builder_t *out)
{
    const evprof_lost_t unreadable = { .n = account->unreadable_ns,
                                       .what = "ns of sleeping threads",
                                       .why = account->why_unreadable };
    const evprof_lost_t full = { .n = account->full_ns,
                                 .of = account->all_ns,
                                 .what = "ns" };
    const evprof_lost_t unlisted = { .n = account->is_incomplete,
                                     .why = evprof_proc_missing_text };
    int status = say(out, EVPROF_LOSS_UNREADABLE, &unreadable);
    if (status == EVPROF_OK) {
        status = say_unanswered(account, out);
    }
    if (status == EVPROF_OK) {
        status = say(out, EVPROF_LOSS_TABLE_FULL, &full);
    }
    return status == EVPROF_OK
               ? say(out, EVPROF_LOSS_THREADS_UNLISTED, &unlisted)
               : status;
}

int
evprof_wall_comment(const evprof_wall_account_t *account, evprof_builder_t *out)
{
    int status = evprof_builder_comment(
        out,
        "# evprof: wall %u Hz: %llu looks, %llu found a thread where it was, "
        "%llu walked one asleep, %llu asked one, %llu not answered",
        account->rate_hz, (unsigned long long)account->looks,
        (unsigned long long)account->still, (unsigned long long)account->walked,
        (unsigned long long)account->asked,
        (unsigned long long)account->unanswered);
    return status == EVPROF_OK ? say_losses(account, out) : status;
}
