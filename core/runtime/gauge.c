/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each bound that looks back has a ring with a fixed number of readings, spread
 * over the time it looks back. A reading that comes too early replaces the
 * newest one, so a day takes no more memory than a second.
 */
#include "core/runtime/gauge.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/read_file.h"
#include "core/base/self.h"

/* The resident pages: the second number of statm. */
static int64_t
read_rss(void)
{
    char text[128];
    if (evprof_read_start(AT_FDCWD, EVPROF_SELF("statm"), text, sizeof(text)) <=
        0) {
        return 0;
    }
    char *end = NULL;
    (void)strtoll(text, &end, 10);
    return strtoll(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* The number of threads: the folder of tasks has two links, and one more for
 * each thread. */
static long
count_threads(void)
{
    struct stat st;
    return stat(EVPROF_SELF_TASKS, &st) == 0 && st.st_nlink > 2
               ? (long)st.st_nlink - 2
               : 0;
}

void
evprof_usage_read(evprof_usage_t *out)
{
    *out = (evprof_usage_t){
        .now_ns = evprof_clock_ns(CLOCK_MONOTONIC),
        .cpu_ns = evprof_clock_ns(CLOCK_PROCESS_CPUTIME_ID),
        .rss_bytes = read_rss(),
        .threads = count_threads(),
    };
}

void
evprof_gauge_clear(evprof_gauge_t *gauge)
{
    gauge->cpu.count = 0;
    gauge->rss_growth.count = 0;
}

static evprof_usage_t *
reading(evprof_gauge_past_t *past, size_t i)
{
    return &past->readings[i % EVPROF_GAUGE_READINGS];
}

static void
keep(evprof_gauge_past_t *past, const evprof_usage_t *usage,
     int64_t look_back_ns)
{
    int64_t step_ns = look_back_ns / (EVPROF_GAUGE_READINGS / 2);
    if (past->count >= 2 &&
        usage->now_ns - reading(past, past->count - 2)->now_ns < step_ns) {
        *reading(past, past->count - 1) = *usage;
        return;
    }
    *reading(past, past->count) = *usage;
    past->count++;
}

/* The newest reading of at least that age, `span_ns`; NULL: none is so old
 * yet. */
static const evprof_usage_t *
before(evprof_gauge_past_t *past, int64_t now_ns, int64_t span_ns)
{
    size_t last = past->count > EVPROF_GAUGE_READINGS
                      ? past->count - EVPROF_GAUGE_READINGS
                      : 0;
    for (size_t i = past->count; i-- > last;) {
        if (now_ns - reading(past, i)->now_ns >= span_ns) {
            return reading(past, i);
        }
    }
    return NULL;
}

static bool
is_cpu_high(evprof_gauge_t *gauge, const evprof_usage_t *usage,
            const evprof_watch_conf_t *conf, char *text, size_t size)
{
    const evprof_usage_t *old =
        conf->cpu_percent > 0
            ? before(&gauge->cpu, usage->now_ns, conf->cpu_for_ns)
            : NULL;
    if (old == NULL) {
        return false;
    }
    int64_t span_ns = usage->now_ns - old->now_ns;
    int64_t percent = (usage->cpu_ns - old->cpu_ns) * 100 / span_ns;
    (void)snprintf(
        text, size, "%lld %% of a CPU were used over %.1f s, more than %ld %%",
        (long long)percent, (double)span_ns / 1e9, conf->cpu_percent);
    return percent > conf->cpu_percent;
}

static bool
has_grown(evprof_gauge_t *gauge, const evprof_usage_t *usage,
          const evprof_watch_conf_t *conf, char *text, size_t size)
{
    const evprof_usage_t *old =
        conf->rss_growth_percent > 0
            ? before(&gauge->rss_growth, usage->now_ns, conf->rss_growth_in_ns)
            : NULL;
    if (old == NULL || old->rss_bytes == 0) {
        return false;
    }
    int64_t percent =
        (usage->rss_bytes - old->rss_bytes) * 100 / old->rss_bytes;
    (void)snprintf(text, size,
                   "%lld bytes are resident, %lld %% more than %.1f s ago, "
                   "which is more than %ld %%",
                   (long long)usage->rss_bytes, (long long)percent,
                   (double)(usage->now_ns - old->now_ns) / 1e9,
                   conf->rss_growth_percent);
    return percent > conf->rss_growth_percent;
}

/* A bound that needs no past. */
static bool
is_above(int64_t value, int64_t bound, const char *what, char *text,
         size_t size)
{
    if (bound <= 0 || value <= bound) {
        return false;
    }
    (void)snprintf(text, size, "%lld %s, more than %lld", (long long)value,
                   what, (long long)bound);
    return true;
}

static bool
is_request_slow(const evprof_slow_request_t *request,
                const evprof_watch_conf_t *conf, char *text, size_t size)
{
    if (conf->latency_ns <= 0 || request->ns <= conf->latency_ns) {
        return false;
    }
    (void)snprintf(text, size, "%s %s %.1f ms, more than %.1f ms",
                   request->name,
                   request->is_running ? "has kept its loop for" : "took",
                   (double)request->ns / 1e6, (double)conf->latency_ns / 1e6);
    return true;
}

bool
evprof_gauge_add(evprof_gauge_t *gauge, const evprof_usage_t *usage,
                 const evprof_watch_conf_t *conf, const char **reason,
                 char *text, size_t size)
{
    *reason = NULL;
    if (is_cpu_high(gauge, usage, conf, text, size)) {
        *reason = "cpu";
    } else if (is_above(usage->rss_bytes, conf->rss_bytes, "bytes are resident",
                        text, size)) {
        *reason = "rss";
    } else if (has_grown(gauge, usage, conf, text, size)) {
        *reason = "rss_growth";
    } else if (is_above(usage->threads, conf->threads, "threads", text, size)) {
        *reason = "threads";
    } else if (is_request_slow(&usage->request, conf, text, size)) {
        *reason = "latency";
    } else if (is_above(usage->late_ns, conf->latency_ns,
                        "ns late was a thread that was due to run", text,
                        size)) {
        *reason = "latency";
    }
    keep(&gauge->cpu, usage, conf->cpu_for_ns);
    keep(&gauge->rss_growth, usage, conf->rss_growth_in_ns);
    return *reason != NULL;
}
