/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU profiles as Go's: which stacks ran during a window, by timers on the CPU
 * clocks of all threads. The sampler is core/sample; here are its directives
 * and its place among the profiles.
 */
#include <stdio.h>
#include <string.h>

#include <evprof/module.h>

#include "core/runtime/recording.h"
#include "core/runtime/sampling.h"
#include "core/sample/cpu.h"
#include "core/unwind/unwind.h"

enum { TEXT_MAX = 1024 };

static const char *
set_unwinder(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    (void)d;
    const char *name = evprof_conf_arg(cf, 0);
    const evprof_unwinder_t *unwinder = evprof_unwinder_find(name);
    if (unwinder == NULL) {
        return evprof_conf_fragment(
            cf, "knows no unwinder \"%s\", only auto, fp and tables", name);
    }
    if (!unwinder->is_signal_safe) {
        return evprof_conf_fragment(cf, "cannot be \"%s\": it %s", name,
                                    unwinder->refusal);
    }
    ((evprof_sampling_conf_t *)conf)->unwinder = unwinder;
    return NULL;
}

static const char *const label_modes[] = { "name", "tid", "off", NULL };

static const evprof_directive_t directives[] = {
    EVPROF_SAMPLING_RATE("How many samples a second of CPU time."),
    { .name = "unwinder",
      .args = "auto|fp|tables",
      .help = "How callers are found: by frame pointers or by call-frame "
              "tables; auto takes the best there is.",
      .by_default = "auto",
      .min_args = 1,
      .max_args = 1,
      .set = set_unwinder },
    EVPROF_SAMPLING_DEPTH,
    { .name = "thread_labels",
      .args = "name|tid|off",
      .help =
          "Labels samples with the thread they were taken from: thread, its "
          "name, and with tid its number as well. Each value is a series in "
          "some stores.",
      .by_default = "name",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_sampling_conf_t, thread_labels),
      .data = label_modes,
      .set = evprof_set_choice },
    EVPROF_DIRECTIVE_END,
};

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    const evprof_sampling_t sampler = { .begin = evprof_cpu_begin,
                                        .end = evprof_cpu_end };
    return evprof_sampling_init("cpu", conf, &sampler, state, err);
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
    const evprof_sampling_options_t *options =
        &((const evprof_sampling_t *)state)->options;
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
        "calls_cut_short: %llu\n"
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
        (unsigned long long)stats.tap.cut_short,
        (unsigned long long)stats.tap.truncated,
        (unsigned long long)stats.tap.broken, err.message);
    return len > 0 && (size_t)len < sizeof(text)
               ? out->write(out->ctx, text, (size_t)len)
               : EVPROF_ELIMIT;
}

const evprof_module_t evprof_profile_cpu = {
    .abi = EVPROF_MODULE_ABI,
    .name = "cpu",
    .summary = "Stacks that were running during the window, by CPU time.",
    .flags = EVPROF_MODULE_TIMED,
    .leaf = "profile",
    .refusal = "Could not enable CPU profiling: ",
    .file_flag = "cpuprofile",
    .file_help = "write the CPU time of all threads to `file`",
    .directives = directives,
    .conf_size = sizeof(evprof_sampling_conf_t),
    .init = init,
    .begin = evprof_sampling_begin,
    .snapshot = evprof_sampling_snapshot,
    .count = count,
    .status = status,
    .cancel = evprof_sampling_cancel,
    .fini = evprof_sampling_fini,
};

int
evprof_cpu_start(evprof_t *prof, const evprof_writer_t *out,
                 evprof_error_t *err)
{
    return evprof_recording_start(prof, evprof_profile_cpu.name, out, err);
}

int
evprof_cpu_stop(evprof_t *prof, evprof_error_t *err)
{
    return evprof_recording_stop(prof, evprof_profile_cpu.name, err);
}
