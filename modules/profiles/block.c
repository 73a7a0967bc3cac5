/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program waits for, at the stacks that waited: mutexes, reader-writer
 * locks, conditions, semaphores, barriers and ends of threads. Recorded when a
 * wait is over. Sleeping and input are not waiting for another thread; those
 * show in wall.
 */
#include <inttypes.h>
#include <stdio.h>

#include <evprof/module.h>

#include "core/runtime/catalog.h"
#include "core/runtime/contended.h"

typedef struct block_conf {
    long long rate_ns;
} block_conf_t;

static const evprof_directive_t directives[] = {
    { .name = "rate",
      .args = "TIME",
      .help = "Waits of this length and longer are all recorded, shorter ones "
              "in proportion; 0 records nothing.",
      .by_default = "0",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(block_conf_t, rate_ns),
      .set = evprof_set_time_ns },
    EVPROF_DIRECTIVE_END,
};

static evprof_contended_t contended = { .kind = EVPROF_CONTENTION_BLOCK,
                                        .title = "contention" };

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    (void)err;
    evprof_contention_set_block_rate(((const block_conf_t *)conf)->rate_ns);
    *state = &contended;
    return EVPROF_OK;
}

static int
status(void *state, const evprof_writer_t *out)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "rate_ns: %" PRId64 "\n",
                       evprof_contention_block_rate());
    int failed = out->write(out->ctx, line, (size_t)len);
    return failed ? failed : evprof_contended_status(state, out);
}

static const char *
note(void *state)
{
    (void)state;
    return evprof_contention_block_rate() > 0
               ? NULL
               : "Nothing is recorded while the rate is 0: write \"profile "
                 "block { rate 10us; }\" or call evprof_set_block_rate().";
}

static void
fini(void *state)
{
    (void)state;
    evprof_contention_set_block_rate(0);
}

static long
set_rate(long ns)
{
    evprof_contention_set_block_rate(ns);
    return EVPROF_OK;
}

const evprof_module_t evprof_profile_block = {
    .abi = EVPROF_MODULE_ABI,
    .name = "block",
    .summary = "Stacks that waited for another thread, and how long.",
    .flags = EVPROF_MODULE_DELTA,
    .file_flag = "blockprofile",
    .rate_flag = "blockprofilerate",
    .rate_help = "record a wait for every `n` nanoseconds of waiting, for "
                 "-blockprofile",
    .rate_default = "1",
    .file_help = "write what threads waited for to `file`",
    .directives = directives,
    .conf_size = sizeof(block_conf_t),
    .init = init,
    EVPROF_CONTENDED_HOOKS,
    .status = status,
    .set_rate = set_rate,
    .note = note,
    .fini = fini,
};

int
evprof_set_block_rate(evprof_t *prof, long ns)
{
    return (int)evprof_catalog_set_rate(prof, &evprof_profile_block, ns);
}
