/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every thread does now. The name is Go's, because its tools and scrapers
 * ask for that one; the same is served as `threads`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <evprof/module.h>

#include "core/base/error.h"
#include "core/profile/builder.h"
#include "core/profile/loss.h"
#include "core/profile/text.h"
#include "core/runtime/sampling.h"
#include "core/runtime/symbols.h"
#include "core/runtime/text_threads.h"
#include "core/sample/ask.h"
#include "core/sample/dump.h"
#include "core/sample/labels.h"
#include "core/sample/proc.h"
#include "core/sample/threads.h"

enum { LINES_MAX = 512 };

typedef struct goroutine_conf {
    bool asks_sleepers;
} goroutine_conf_t;

static const evprof_directive_t directives[] = {
    EVPROF_SAMPLING_ASK_SLEEPERS(goroutine_conf_t, asks_sleepers),
    EVPROF_DIRECTIVE_END,
};

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    goroutine_conf_t *own = malloc(sizeof(*own));
    if (own == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "goroutine: out of memory");
    }
    *own = *(const goroutine_conf_t *)conf;
    *state = own;
    return EVPROF_OK;
}

static void
fini(void *state)
{
    free(state);
}

static int
take(void *state, evprof_dump_t *dump, evprof_error_t *err)
{
    return evprof_dump_take(dump, ((goroutine_conf_t *)state)->asks_sleepers,
                            err);
}

static int
write_head(evprof_builder_t *out)
{
    int status = evprof_builder_type(out, "goroutine", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, "goroutine", "count", 1);
    }
    evprof_builder_time(out, 0, 0);
    return status;
}

/* Threads without a stack, by what kept them from having one. */
typedef struct losses {
    evprof_lost_t unanswered;
    evprof_lost_t unreadable;
    evprof_lost_t refused;
} losses_t;

static losses_t
count_losses(const evprof_dump_t *dump)
{
    losses_t out = { .unreadable = { .what = "sleeping threads" },
                     .unanswered = { .of = dump->count,
                                     .what = dump->intruder } };
    for (size_t i = 0; i < dump->count; i++) {
        const evprof_dump_thread_t *thread = &dump->threads[i];
        bool is_unreadable = thread->answer == EVPROF_DUMP_UNREADABLE;
        evprof_lost_t *unreadable =
            thread->is_refused ? &out.refused : &out.unreadable;
        out.unanswered.n += thread->answer == EVPROF_DUMP_UNRESPONSIVE;
        unreadable->n += is_unreadable;
        unreadable->why = is_unreadable ? thread->reason : unreadable->why;
    }
    return out;
}

static int
say(evprof_builder_t *out, enum evprof_loss cause, const evprof_lost_t *lost)
{
    return lost->n == 0
               ? EVPROF_OK
               : evprof_loss_say(out, EVPROF_LOSS_OF_GOROUTINE, cause, lost);
}

static int
write_losses(const evprof_dump_t *dump, evprof_builder_t *out)
{
    const losses_t losses = count_losses(dump);
    const evprof_lost_t unlisted = { .n = dump->is_incomplete,
                                     .why = evprof_proc_missing_text };
    int status = say(out,
                     dump->intruder != NULL ? EVPROF_LOSS_HANDLER_REPLACED
                                            : EVPROF_LOSS_UNANSWERED,
                     &losses.unanswered);
    if (status == EVPROF_OK) {
        status = say(out, EVPROF_LOSS_UNREADABLE, &losses.unreadable);
    }
    if (status == EVPROF_OK) {
        status = say(out, evprof_ask_loss(losses.refused.why), &losses.refused);
    }
    return status == EVPROF_OK
               ? say(out, EVPROF_LOSS_THREADS_UNLISTED, &unlisted)
               : status;
}

static int
write_dump(const evprof_dump_t *dump, evprof_builder_t *out)
{
    const int64_t one = 1;
    int status = write_head(out);
    for (size_t i = 0; i < dump->count && status == EVPROF_OK; i++) {
        const evprof_dump_thread_t *thread = &dump->threads[i];
        const evprof_label_set_t *labels = thread->labels;
        status = evprof_builder_add(out, &thread->stack,
                                    labels == NULL ? NULL : labels->items,
                                    labels == NULL ? 0 : labels->count, &one);
    }
    return status == EVPROF_OK ? write_losses(dump, out) : status;
}

static int
snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
         evprof_error_t *err)
{
    (void)ask;
    evprof_dump_t dump;
    int status = take(state, &dump, err);
    if (status == EVPROF_OK) {
        status = write_dump(&dump, out);
        evprof_dump_free(&dump);
    }
    return status;
}

/* Equal stacks as one, the most frequent first. */
static int
put_groups(const evprof_dump_t *dump, evprof_buf_t *text, evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    evprof_builder_t *builder = evprof_builder_new(0);
    int status = builder == NULL ? EVPROF_ENOMEM : write_dump(dump, builder);
    if (status == EVPROF_OK) {
        status = evprof_symbols_finish(builder, &p, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_text_counts(p, "goroutine", evprof_symbols_entry, text);
    }
    evprof_pprof_free(p);
    evprof_builder_free(builder);
    return status;
}

static int
text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
     evprof_error_t *err)
{
    evprof_dump_t dump;
    evprof_buf_t lines = { .is_bulk = true };
    int status = take(state, &dump, err);
    if (status != EVPROF_OK) {
        return status;
    }
    if (ask->debug >= 2) {
        evprof_dump_describe(&dump);
    }
    status = ask->debug >= 2
                 ? evprof_text_threads(&dump, (pid_t)ask->tid, &lines, err)
                 : put_groups(&dump, &lines, err);
    if (status == EVPROF_OK) {
        status = evprof_buf_write(&lines, out);
    }
    evprof_buf_free(&lines);
    evprof_dump_free(&dump);
    return status;
}

static long
count(void *state)
{
    (void)state;
    return evprof_thread_count_application();
}

static int
status(void *state, const evprof_writer_t *out)
{
    (void)state;
    evprof_dump_stats_t stats;
    char lines[LINES_MAX];
    evprof_dump_stats(&stats);
    int len = snprintf(
        lines, sizeof(lines),
        "dumps: %" PRIu64 "\nsleepers_walked: %" PRIu64
        "\nthreads_not_moved: %" PRIu64 "\nthreads_asked: %" PRIu64
        "\nsleepers_interrupted: %" PRIu64 "\ncalls_cut_short: %" PRIu64
        "\nthreads_unreadable: %" PRIu64 "\nthreads_unresponsive: %" PRIu64
        "\nlabels_overflowed: %" PRIu64 "\n",
        stats.dumps, stats.walked, stats.kept, stats.asked, stats.interrupted,
        stats.cut_short, stats.unreadable, stats.unresponsive,
        evprof_label_overflows());
    return out->write(out->ctx, lines, (size_t)len);
}

/* Aliases of the name that Go's clients ask for. */
static const char *const aliases[] = { "threads", NULL };

const evprof_module_t evprof_profile_goroutine = {
    .abi = EVPROF_MODULE_ABI,
    .name = "goroutine",
    .aliases = aliases,
    .full_text = "stacks of all threads",
    .summary = "Stacks of all threads now.",
    .flags = EVPROF_MODULE_DELTA,
    .directives = directives,
    .conf_size = sizeof(goroutine_conf_t),
    .init = init,
    .snapshot = snapshot,
    .count = count,
    .text = text,
    .status = status,
    .fini = fini,
};
