/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch { }: the bounds at which profiles are taken without a request.
 * core/runtime watches the bounds and takes the profiles.
 */
#include <stdlib.h>
#include <string.h>

#include "core/conf/block.h"

/* Reads a whole number of percent, "80%". */
static const char *
read_percent(evprof_conf_t *cf, long *out)
{
    const char *text = evprof_conf_arg(cf, 0);
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (end == text || strcmp(end, "%") != 0 || value < 1 || value > 1000000) {
        return evprof_conf_fragment(
            cf, "must be a percentage such as 80%%, not %s", text);
    }
    *out = value;
    return NULL;
}

static const char *
read_span(evprof_conf_t *cf, long long *out)
{
    const char *fault = evprof_conf_time_ns(cf, 1, out);
    return fault != NULL || (*out >= 1000000000 && *out <= 86400000000000)
               ? fault
               : "must look at a time between 1s and 24h";
}

static const char *
set_cpu(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_watch_conf_t *watch = conf;
    const char *fault = read_percent(cf, &watch->cpu_percent);
    (void)d;
    return fault != NULL ? fault : read_span(cf, &watch->cpu_for_ns);
}

static const char *
set_rss_growth(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_watch_conf_t *watch = conf;
    const char *fault = read_percent(cf, &watch->rss_growth_percent);
    (void)d;
    return fault != NULL ? fault : read_span(cf, &watch->rss_growth_in_ns);
}

static const char *
set_keep(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_watch_conf_t *watch = conf;
    const char *fault = evprof_set_number(cf, d, conf);
    if (fault == NULL) {
        fault = evprof_conf_size(cf, 1, &watch->keep_bytes);
    }
    return fault != NULL || watch->keep_bytes > 0 ? fault
                                                  : "must have a size above 0";
}

static const evprof_directive_t directives[] = {
    { .name = "cpu",
      .args = "PERCENT TIME",
      .help = "Takes profiles when the process used more than that of one CPU "
              "over that time: 80% 10s.",
      .min_args = 2,
      .max_args = 2,
      .set = set_cpu },
    { .name = "rss",
      .args = "SIZE",
      .help = "When more memory than that is resident.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_watch_conf_t, rss_bytes),
      .min = 1,
      .max = 1LL << 50,
      .set = evprof_set_size },
    { .name = "rss_growth",
      .args = "PERCENT TIME",
      .help = "When what is resident grew by more than that within that time: "
              "20% 1m.",
      .min_args = 2,
      .max_args = 2,
      .set = set_rss_growth },
    { .name = "threads",
      .args = "NUMBER",
      .help = "When there are more threads than that.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_watch_conf_t, threads),
      .min = 1,
      .max = 1 << 22,
      .set = evprof_set_number },
    { .name = "latency",
      .args = "TIME",
      .help = "When a request of the server's evhttp took longer than that, or "
              "its callback runs for longer; requests for profiles do not "
              "count. Where none was ever seen: when a thread that was due to "
              "run had to wait longer for a CPU.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_watch_conf_t, latency_ns),
      .min = 1000000,
      .max = 60000000000,
      .set = evprof_set_time_ns },
    { .name = "every",
      .args = "TIME",
      .help = "At most one set of profiles in that time, whatever happens.",
      .by_default = "5m",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_watch_conf_t, every_ns),
      .min = 1000000000,
      .max = 86400000000000,
      .set = evprof_set_time_ns },
    { .name = "keep",
      .args = "NUMBER SIZE",
      .help = "How many files of ours the folder may have, and how many bytes "
              "in all; the oldest ones go.",
      .by_default = "20 200m",
      .min_args = 2,
      .max_args = 2,
      .offset = offsetof(evprof_watch_conf_t, keep_files),
      .min = 1,
      .max = 100000,
      .set = set_keep },
    { .name = "write",
      .args = "DIR",
      .help = "The folder that they are written to.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_watch_conf_t, folder),
      .set = evprof_set_path },
    { .name = "push",
      .args = "on|off",
      .help = "Sends them as push { } says as well.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_watch_conf_t, push),
      .set = evprof_set_flag },
    EVPROF_DIRECTIVE_END
};

static const char *
finish(evprof_conf_t *cf, void *conf, const char **culprit)
{
    const evprof_watch_conf_t *watch = conf;
    const char *first = watch->cpu_percent > 0          ? "cpu"
                        : watch->rss_bytes > 0          ? "rss"
                        : watch->rss_growth_percent > 0 ? "rss_growth"
                        : watch->threads > 0            ? "threads"
                        : watch->latency_ns > 0         ? "latency"
                                                        : NULL;
    (void)cf;
    if (first != NULL && watch->folder == NULL && !watch->push) {
        *culprit = first;
        return "needs \"write DIR;\" or \"push on;\" beside it";
    }
    return NULL;
}

const evprof_section_t evprof_watch_section = {
    .name = "watch",
    .contexts = EVPROF_CONTEXT_WATCH,
    .directives = directives,
    .conf_size = sizeof(evprof_watch_conf_t),
    .finish = finish,
};
