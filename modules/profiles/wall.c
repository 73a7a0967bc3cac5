/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where threads spend time, running or waiting: what Go's users take fgprof
 * for. Taken on request only; nothing runs before. The sampler is core/sample.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <evprof/module.h>

#include "core/base/error.h"
#include "core/sample/wall.h"

enum { LINES_MAX = 256 };

typedef struct wall_conf {
    long rate;
    long depth;
} wall_conf_t;

static const evprof_directive_t directives[] = {
    { .name = "rate",
      .args = "HZ",
      .help = "How often a second some of the threads are looked at.",
      .by_default = "100",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(wall_conf_t, rate),
      .min = 1,
      .max = 1000,
      .set = evprof_set_number },
    { .name = "depth",
      .args = "FRAMES",
      .help = "How many frames of a stack are kept, from the leaf.",
      .by_default = "128",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(wall_conf_t, depth),
      .min = 1,
      .max = EVPROF_TAP_DEPTH_MAX,
      .set = evprof_set_number },
    EVPROF_DIRECTIVE_END,
};

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    evprof_wall_options_t *options = malloc(sizeof(*options));
    const wall_conf_t *from = conf;
    if (options == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "wall: out of memory");
    }
    *options = (evprof_wall_options_t){
        .rate_hz = (unsigned)from->rate,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = (size_t)from->depth,
    };
    *state = options;
    return EVPROF_OK;
}

static int
begin(void *state, const evprof_ask_t *ask, evprof_error_t *err)
{
    (void)ask;
    return evprof_wall_begin(state, err);
}

static int
snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
         evprof_error_t *err)
{
    (void)state;
    (void)ask;
    return evprof_wall_end(out, err);
}

static void
cancel(void *state)
{
    (void)state;
    (void)evprof_wall_end(NULL, NULL);
}

static int
status(void *state, const evprof_writer_t *out)
{
    const evprof_wall_options_t *options = state;
    evprof_wall_stats_t stats;
    char lines[LINES_MAX];
    evprof_wall_stats(&stats);
    int len = snprintf(
        lines, sizeof(lines),
        "rate: %u\nlooks: %" PRIu64 "\nthreads_not_moved: %" PRIu64
        "\nsignals_sent: %" PRIu64 "\nsignals_unanswered: %" PRIu64 "\n",
        options->rate_hz, stats.looks, stats.still, stats.asked,
        stats.unanswered);
    return out->write(out->ctx, lines, (size_t)len);
}

static void
fini(void *state)
{
    free(state);
}

const evprof_module_t evprof_profile_wall = {
    .abi = EVPROF_MODULE_ABI,
    .name = "wall",
    .summary = "Stacks of all threads during the window, running or waiting, "
               "by time.",
    .flags = EVPROF_MODULE_TIMED | EVPROF_MODULE_EXCLUSIVE,
    .directives = directives,
    .conf_size = sizeof(wall_conf_t),
    .init = init,
    .begin = begin,
    .snapshot = snapshot,
    .status = status,
    .cancel = cancel,
    .fini = fini,
};
