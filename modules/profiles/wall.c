/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where threads spend time, running or waiting: what Go's users take fgprof
 * for. Taken on request only; nothing runs before. The sampler is core/sample.
 */
#include <inttypes.h>
#include <stdio.h>

#include <evprof/module.h>

#include "core/runtime/sampling.h"
#include "core/sample/wall.h"

enum { LINES_MAX = 512 };

static const evprof_directive_t directives[] = {
    EVPROF_SAMPLING_RATE(
        "How often a second some of the threads are looked at."),
    EVPROF_SAMPLING_DEPTH,
    EVPROF_SAMPLING_ASK_SLEEPERS(evprof_sampling_conf_t, asks_sleepers),
    EVPROF_DIRECTIVE_END,
};

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    const evprof_sampling_t sampler = { .begin = evprof_wall_begin,
                                        .end = evprof_wall_end };
    return evprof_sampling_init("wall", conf, &sampler, state, err);
}

static int
status(void *state, const evprof_writer_t *out)
{
    const evprof_sampling_options_t *options =
        &((const evprof_sampling_t *)state)->options;
    evprof_wall_stats_t stats;
    char lines[LINES_MAX];
    evprof_wall_stats(&stats);
    int len =
        snprintf(lines, sizeof(lines),
                 "rate: %u\nlooks: %" PRIu64 "\nthreads_not_moved: %" PRIu64
                 "\nsleepers_walked: %" PRIu64 "\nthreads_asked: %" PRIu64
                 "\nsleepers_interrupted: %" PRIu64
                 "\ncalls_cut_short: %" PRIu64 "\nasks_unanswered: %" PRIu64
                 "\nasks_refused: %" PRIu64 "\nunreadable_ns: %" PRIu64 "\n",
                 options->rate_hz, stats.looks, stats.still, stats.walked,
                 stats.asked, stats.interrupted, stats.cut_short,
                 stats.unanswered, stats.refused, stats.unreadable_ns);
    return out->write(out->ctx, lines, (size_t)len);
}

/* Scrapers ask for fgprof beside the prefix, not below it. */
static const char *const aliases[] = { "../fgprof", NULL };

const evprof_module_t evprof_profile_wall = {
    .abi = EVPROF_MODULE_ABI,
    .name = "wall",
    .summary = "Stacks of all threads during the window, running or waiting, "
               "by time.",
    .flags = EVPROF_MODULE_TIMED,
    .aliases = aliases,
    .directives = directives,
    .conf_size = sizeof(evprof_sampling_conf_t),
    .init = init,
    .begin = evprof_sampling_begin,
    .snapshot = evprof_sampling_snapshot,
    .status = status,
    .cancel = evprof_sampling_cancel,
    .fini = evprof_sampling_fini,
};
