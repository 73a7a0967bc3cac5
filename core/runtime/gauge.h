/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_GAUGE_H
#define EVPROF_RUNTIME_GAUGE_H

/*
 * Readings of the resources of the process, compared with the bounds of watch {
 * }. Readings are kept for each directive as long as it looks back. One thread
 * at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf/conf.h"
#include "core/runtime/request_times.h"

/* One reading. */
typedef struct evprof_usage {
    int64_t now_ns; /* CLOCK_MONOTONIC */
    int64_t cpu_ns; /* of all threads since the start */
    int64_t rss_bytes;
    long threads;
    int64_t late_ns; /* how much later than asked for this thread ran; 0 where
                      * requests are seen, as `request` says it better */
    evprof_slow_request_t request; /* since the last reading */
} evprof_usage_t;

/* Reads all but the last two; what cannot be read is 0. */
void evprof_usage_read(evprof_usage_t *out);

enum { EVPROF_GAUGE_READINGS = 128 };

/* As far back as one bound looks. */
typedef struct evprof_gauge_past {
    evprof_usage_t readings[EVPROF_GAUGE_READINGS]; /* a ring */
    size_t count;                                   /* that there ever were */
} evprof_gauge_past_t;

typedef struct evprof_gauge {
    evprof_gauge_past_t cpu;
    evprof_gauge_past_t rss_growth;
} evprof_gauge_t;

/* Forgets all readings. */
void evprof_gauge_clear(evprof_gauge_t *gauge);

/*
 * Adds a reading. True: it passes a bound; `reason` is then the name of the
 * directive and `text` a sentence with the numbers.
 */
bool evprof_gauge_add(evprof_gauge_t *gauge, const evprof_usage_t *usage,
                      const evprof_watch_conf_t *conf, const char **reason,
                      char *text, size_t size);

#endif
