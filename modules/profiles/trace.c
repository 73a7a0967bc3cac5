/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The execution trace, in Go's own format: when threads ran, what they waited
 * for and who woke them, tasks and regions of the application. A request
 * records a window; the flight recorder always keeps the last seconds, which
 * `?flight=1` and evprof_flight_write() give without stopping it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/module.h>
#include <evprof/trace.h>

#include "core/base/error.h"
#include "core/heap/jemalloc.h"
#include "core/runtime/recording.h"
#include "core/runtime/symbols.h"
#include "core/sample/dump.h"
#include "core/trace/recorder.h"

/* A window without bound would hold the server's memory. */
#define WINDOW_BYTES ((size_t)256 << 20)

typedef struct trace_conf {
    long long keep_ns; /* 0: no flight recorder */
    long long keep_bytes;
} trace_conf_t;

static const char *
set_recorder(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    trace_conf_t *trace = conf;
    (void)d;
    if (strcmp(evprof_conf_arg(cf, 0), "off") == 0) {
        trace->keep_ns = 0;
        return evprof_conf_arg_count(cf) == 1 ? NULL
                                              : "has an argument after off";
    }
    if (evprof_conf_arg_count(cf) != 2) {
        return "must be off, or a time and a size: flight_recorder 10s 16m";
    }
    const char *problem = evprof_conf_time_ns(cf, 0, &trace->keep_ns);
    if (problem == NULL) {
        problem = evprof_conf_size(cf, 1, &trace->keep_bytes);
    }
    if (problem == NULL &&
        (trace->keep_ns < 1000000000 || trace->keep_ns > 3600LL * 1000000000)) {
        problem = "must keep between 1s and 1h";
    }
    if (problem == NULL &&
        (trace->keep_bytes < 1 << 20 || trace->keep_bytes > 1LL << 30)) {
        problem = "must keep between 1m and 1g";
    }
    return problem;
}

static const evprof_directive_t directives[] = {
    { .name = "flight_recorder",
      .args = "off|TIME SIZE",
      .help = "Always keeps the last TIME of the trace, in at most SIZE of "
              "memory, for ?flight=1 and evprof_flight_write().",
      .by_default = "off",
      .min_args = 1,
      .max_args = 2,
      .set = set_recorder },
    EVPROF_DIRECTIVE_END,
};

static bool
heap_bytes(size_t *out)
{
    evprof_jemalloc_refresh();
    return evprof_jemalloc_size("stats.allocated", out);
}

/* Begins for `user`; the threads that are there already come from a dump. */
static int
begin_recording(enum evprof_trace_user user,
                const evprof_trace_limits_t *limits, evprof_error_t *err)
{
    evprof_dump_t dump = { 0 };
    evprof_trace_seed_t *seeds = NULL;
    if (!evprof_trace_is_recording() &&
        evprof_dump_take(&dump, false, NULL) == EVPROF_OK) {
        seeds = calloc(dump.count + 1, sizeof(*seeds));
        for (size_t i = 0; seeds != NULL && i < dump.count; i++) {
            seeds[i] = (evprof_trace_seed_t){
                .tid = dump.threads[i].tid,
                .is_asleep = dump.threads[i].task.state != 'R',
                .pcs = dump.threads[i].stack.pcs,
                .count = dump.threads[i].stack.count,
            };
        }
    }
    evprof_trace_ask_heap(heap_bytes);
    int status = evprof_trace_begin(user, limits, seeds,
                                    seeds != NULL ? dump.count : 0, err);
    free(seeds);
    evprof_dump_free(&dump);
    return status;
}

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    const trace_conf_t *trace = conf;
    const evprof_trace_limits_t limits = { .keep_ns = trace->keep_ns,
                                           .keep_bytes =
                                               (size_t)trace->keep_bytes };
    *state = NULL;
    return trace->keep_ns > 0
               ? begin_recording(EVPROF_TRACE_FLIGHT, &limits, err)
               : EVPROF_OK;
}

static void
fini(void *state)
{
    (void)state;
    evprof_trace_end(EVPROF_TRACE_FLIGHT);
}

/* Whether the query asks for what the flight recorder has. */
static bool
is_flight(const evprof_ask_t *ask)
{
    const char *at = ask->query;
    while (at != NULL && strncmp(at, "flight=1", 8) != 0) {
        at = strchr(at, '&');
        at = at != NULL ? at + 1 : NULL;
    }
    return at != NULL && (at[8] == '\0' || at[8] == '&');
}

static int
begin(void *state, const evprof_ask_t *ask, void **window, evprof_error_t *err)
{
    const evprof_trace_limits_t limits = { .keep_bytes = WINDOW_BYTES };
    (void)state;
    (void)ask;
    (void)window;
    return begin_recording(EVPROF_TRACE_WINDOW, &limits, err);
}

static int
write_trace(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
            evprof_error_t *err)
{
    (void)state;
    if (is_flight(ask)) {
        int status = evprof_trace_write(EVPROF_TRACE_FLIGHT,
                                        evprof_symbols_fill, out, err);
        return status == EVPROF_ESTATE
                   ? evprof_fail(err, EVPROF_EOFF,
                                 "the flight recorder is off: write \"profile "
                                 "trace { flight_recorder 10s 16m; }\"")
                   : status;
    }
    int status =
        evprof_trace_write(EVPROF_TRACE_WINDOW, evprof_symbols_fill, out, err);
    evprof_trace_end(EVPROF_TRACE_WINDOW);
    return status;
}

static void
cancel(void *state, void *window)
{
    (void)state;
    (void)window;
    evprof_trace_end(EVPROF_TRACE_WINDOW);
}

static int
status(void *state, const evprof_writer_t *out)
{
    evprof_trace_stats_t stats;
    char text[256];
    (void)state;
    evprof_trace_stats(&stats);
    int len =
        snprintf(text, sizeof(text),
                 "recording: %s\n"
                 "generations: %zu\n"
                 "bytes: %zu\n"
                 "events_dropped: %llu\n"
                 "events_without_stack: %llu\n",
                 evprof_trace_is_enabled() ? "yes" : "no", stats.generations,
                 stats.bytes, (unsigned long long)stats.dropped,
                 (unsigned long long)stats.spared);
    return out->write(out->ctx, text, (size_t)len);
}

const evprof_module_t evprof_profile_trace = {
    .abi = EVPROF_MODULE_ABI,
    .name = "trace",
    .summary = "When threads ran, waited and woke each other, for \"go tool "
               "trace\".",
    .flags = EVPROF_MODULE_TIMED | EVPROF_MODULE_EXCLUSIVE | EVPROF_MODULE_FILE,
    .default_seconds = 1,
    .takes_fractions = true,
    .is_immediate = is_flight,
    .refusal = "Could not enable tracing: ",
    .file_flag = "trace",
    .file_help = "write an execution trace to `file`",
    .directives = directives,
    .conf_size = sizeof(trace_conf_t),
    .init = init,
    .begin = begin,
    .text = write_trace,
    .status = status,
    .cancel = cancel,
    .fini = fini,
};

int
evprof_flight_write(evprof_t *prof, const evprof_writer_t *out,
                    evprof_error_t *err)
{
    const evprof_ask_t ask = { .query = "flight=1" };
    if (prof == NULL || out == NULL || out->write == NULL) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "flight recorder: no profiler or no writer");
    }
    evprof_profile_t *trace = evprof_lookup(prof, evprof_profile_trace.name);
    return trace == NULL
               ? evprof_fail(err, EVPROF_EOFF,
                             "flight recorder: the trace is switched off")
               : evprof_profile_take(trace, &ask, out, err);
}
