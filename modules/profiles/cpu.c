/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU profiles as Go's: which stacks ran during a window, by timers on the CPU
 * clocks of all threads. The sampler is core/sample; here are its directives
 * and its place among the profiles.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/module.h>

#include "core/base/error.h"
#include "core/sample/cpu.h"
#include "core/unwind/unwind.h"

enum { TEXT_MAX = 1024 };

typedef struct cpu_conf {
    long rate;
    long depth;
    const evprof_unwinder_t *unwinder;
} cpu_conf_t;

static const char *
set_unwinder(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    (void)d;
    const char *name = evprof_conf_arg(cf, 0);
    const evprof_unwinder_t *unwinder = evprof_unwinder_find(name);
    if (!unwinder) {
        return evprof_conf_fragment(
            cf, "knows no unwinder \"%s\", only auto, fp and tables", name);
    }
    if (!unwinder->is_signal_safe) {
        return evprof_conf_fragment(cf, "cannot be \"%s\": it %s", name,
                                    unwinder->refusal);
    }
    ((cpu_conf_t *)conf)->unwinder = unwinder;
    return NULL;
}

static const evprof_directive_t directives[] = {
    { .name = "rate",
      .args = "HZ",
      .help = "How many samples a second of CPU time.",
      .by_default = "100",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(cpu_conf_t, rate),
      .min = 1,
      .max = 1000,
      .set = evprof_set_number },
    { .name = "unwinder",
      .args = "auto|fp|tables",
      .help = "How callers are found: by frame pointers or by call-frame "
              "tables; auto takes the best there is.",
      .by_default = "auto",
      .min_args = 1,
      .max_args = 1,
      .set = set_unwinder },
    { .name = "depth",
      .args = "FRAMES",
      .help = "How many frames of a stack are kept, from the leaf.",
      .by_default = "128",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(cpu_conf_t, depth),
      .min = 1,
      .max = EVPROF_TAP_DEPTH_MAX,
      .set = evprof_set_number },
    EVPROF_DIRECTIVE_END,
};

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    evprof_cpu_options_t *options = malloc(sizeof(*options));
    const cpu_conf_t *from = conf;
    if (!options) {
        return evprof_fail(err, EVPROF_ENOMEM, "cpu: out of memory");
    }
    *options = (evprof_cpu_options_t){ .rate_hz = (unsigned)from->rate,
                                       .unwinder = from->unwinder,
                                       .depth = (size_t)from->depth };
    *state = options;
    return EVPROF_OK;
}

static int
begin(void *state, const evprof_ask_t *ask, evprof_error_t *err)
{
    (void)ask;
    return evprof_cpu_begin(state, err);
}

static int
snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
         evprof_error_t *err)
{
    (void)state;
    (void)ask;
    return evprof_cpu_end(out, err);
}

static void
cancel(void *state)
{
    (void)state;
    (void)evprof_cpu_end(NULL, NULL);
}

/* Samples of the last profile, or of the one being taken. */
static long
count(void *state)
{
    (void)state;
    evprof_cpu_stats_t stats;
    evprof_cpu_stats(&stats);
    return (long)stats.tap.records;
}

static int
status(void *state, const evprof_writer_t *out)
{
    const evprof_cpu_options_t *options = state;
    evprof_cpu_stats_t stats;
    char text[TEXT_MAX];
    evprof_error_t err = { .message = "the compiler's runtime" };
    evprof_unwind_check_exceptions(&err);
    evprof_cpu_stats(&stats);
    const unsigned long long lost = stats.timers.lost + stats.overflow;
    const int len = snprintf(
        text, sizeof(text),
        "rate: %u\nunwinder: %s\nthreads: %u\nthreads_sampled: %llu\n"
        "threads_missed: %llu\nsamples: %llu\nexpiries: %llu\n"
        "overrun: %llu\ndropped: %llu\nlost: %llu\nlate_signals: %llu\n"
        "walks_truncated: %llu\nwalks_broken: %llu\n"
        "exceptions: %s\n",
        options->rate_hz, options->unwinder->name, stats.threads,
        (unsigned long long)stats.timers.armed,
        (unsigned long long)stats.timers.missed,
        (unsigned long long)stats.tap.records,
        (unsigned long long)stats.tap.weight,
        (unsigned long long)stats.tap.overrun,
        (unsigned long long)stats.tap.dropped, lost,
        (unsigned long long)stats.tap.late,
        (unsigned long long)stats.tap.truncated,
        (unsigned long long)stats.tap.broken, err.message);
    return len > 0 && (size_t)len < sizeof(text)
               ? out->write(out->ctx, text, (size_t)len)
               : EVPROF_ELIMIT;
}

static void
fini(void *state)
{
    free(state);
}

const evprof_module_t evprof_profile_cpu = {
    .abi = EVPROF_MODULE_ABI,
    .name = "cpu",
    .summary = "Stacks that were running during the window, by CPU time.",
    .flags = EVPROF_MODULE_TIMED | EVPROF_MODULE_EXCLUSIVE,
    .directives = directives,
    .conf_size = sizeof(cpu_conf_t),
    .init = init,
    .begin = begin,
    .snapshot = snapshot,
    .count = count,
    .status = status,
    .cancel = cancel,
    .fini = fini,
};
