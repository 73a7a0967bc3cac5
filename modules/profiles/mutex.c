/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks that made others wait: at each stack that unlocked, the time that all
 * waiters of that lock had spent since it was last unlocked.
 */
#include <limits.h>
#include <stdio.h>

#include <evprof/module.h>

#include "core/runtime/catalog.h"
#include "core/runtime/contended.h"

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

static evprof_contended_t contended = { .kind = EVPROF_CONTENTION_MUTEX,
                                        .title = "mutex" };

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    (void)err;
    evprof_contention_set_mutex_fraction(
        (int)((const mutex_conf_t *)conf)->fraction);
    *state = &contended;
    return EVPROF_OK;
}

static int
status(void *state, const evprof_writer_t *out)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "fraction: %d\n",
                       evprof_contention_set_mutex_fraction(-1));
    int failed = out->write(out->ctx, line, (size_t)len);
    return failed ? failed : evprof_contended_status(state, out);
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

/* A negative fraction only reads. */
static long
set_rate(long fraction)
{
    return evprof_contention_set_mutex_fraction((int)fraction);
}

const evprof_module_t evprof_profile_mutex = {
    .abi = EVPROF_MODULE_ABI,
    .name = "mutex",
    .summary = "Stacks that held a lock others waited for, and how long those "
               "waited.",
    .flags = EVPROF_MODULE_DELTA,
    .file_flag = "mutexprofile",
    .rate_flag = "mutexprofilefraction",
    .rate_help = "record one in `n` contentions, for -mutexprofile",
    .rate_default = "1",
    .file_help = "write who kept others waiting to `file` at the end",
    .directives = directives,
    .conf_size = sizeof(mutex_conf_t),
    .init = init,
    EVPROF_CONTENDED_HOOKS,
    .status = status,
    .set_rate = set_rate,
    .note = note,
    .fini = fini,
};

int
evprof_set_mutex_fraction(evprof_t *prof, int fraction)
{
    long before =
        evprof_catalog_set_rate(prof, &evprof_profile_mutex, fraction);
    return before == EVPROF_EOFF && fraction < 0 ? 0 : (int)before;
}
