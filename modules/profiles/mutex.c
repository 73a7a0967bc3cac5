/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes others wait: at each stack that unlocked, the time that all who
 * waited for that lock had spent since it was last unlocked.
 */
#include <limits.h>
#include <stdio.h>

#include <evprof/module.h>

#include "core/runtime/text_contention.h"
#include "core/sample/contention_profile.h"

typedef struct mutex_conf {
    long fraction;
} mutex_conf_t;

static const evprof_directive_t directives[] = {
    { .name = "fraction",
      .args = "N",
      .help = "One in N contended unlocks is recorded; 0 records nothing.",
      .by_default = "0",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(mutex_conf_t, fraction),
      .min = 0,
      .max = INT_MAX,
      .set = evprof_set_number },
    EVPROF_DIRECTIVE_END,
};

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    (void)state;
    (void)err;
    const mutex_conf_t *from = conf;
    evprof_contention_set_mutex_fraction((int)from->fraction);
    return EVPROF_OK;
}

static int
snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
         evprof_error_t *err)
{
    (void)state;
    (void)ask;
    return evprof_contention_write(EVPROF_CONTENTION_MUTEX, out, err);
}

static long
count(void *state)
{
    (void)state;
    return evprof_contention_count(EVPROF_CONTENTION_MUTEX);
}

static int
text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
     evprof_error_t *err)
{
    (void)state;
    (void)ask;
    return evprof_text_contention(EVPROF_CONTENTION_MUTEX, "mutex", out, err);
}

static int
status(void *state, const evprof_writer_t *out)
{
    (void)state;
    char line[64];
    int len = snprintf(line, sizeof(line), "fraction: %d\n",
                       evprof_contention_set_mutex_fraction(-1));
    int failed = out->write(out->ctx, line, (size_t)len);
    return failed ? failed
                  : evprof_contention_status(EVPROF_CONTENTION_MUTEX, out);
}

static const char *
note(void *state)
{
    (void)state;
    return evprof_contention_set_mutex_fraction(-1) > 0
               ? NULL
               : "Nothing is recorded while the fraction is 0: write \"profile "
                 "mutex { fraction 10; }\" or call "
                 "evprof_set_mutex_fraction().";
}

static void
fini(void *state)
{
    (void)state;
    evprof_contention_set_mutex_fraction(0);
}

const evprof_module_t evprof_profile_mutex = {
    .abi = EVPROF_MODULE_ABI,
    .name = "mutex",
    .summary = "Stacks that held a lock others waited for, and how long those "
               "waited.",
    .flags = EVPROF_MODULE_DELTA,
    .directives = directives,
    .conf_size = sizeof(mutex_conf_t),
    .init = init,
    .snapshot = snapshot,
    .count = count,
    .text = text,
    .status = status,
    .note = note,
    .fini = fini,
};
