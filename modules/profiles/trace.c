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
#include <unistd.h>

#include <evprof/module.h>
#include <evprof/trace.h>

#include "core/base/error.h"
#include "core/base/self.h"
#include "core/conf/block.h"
#include "core/conf/conf.h"
#include "core/heap/jemalloc.h"
#include "core/runtime/again.h"
#include "core/runtime/catalog.h"
#include "core/runtime/flight_dumps.h"
#include "core/runtime/recording.h"
#include "core/runtime/service.h"
#include "core/runtime/switched_on.h"
#include "core/runtime/symbols.h"
#include "core/sample/cpu.h"
#include "core/sample/dump.h"
#include "core/trace/recorder.h"
#include "core/unwind/unwind.h"

/* Bounds the memory that one window may take. */
#define WINDOW_BYTES ((size_t)256 << 20)

/* CPU samples in a trace. No profile is written from these windows, so their
 * tables are kept small. */
enum { SAMPLES_HZ = 100, SAMPLES_DEPTH = 128, SAMPLES_TABLE = 1 << 20 };

/* Which traces have the switches of threads by the kernel; the words below are
 * in this order. */
enum {
    SWITCHES_AUTO, /* of windows, unless a filter may kill for the asking */
    SWITCHES_OFF,
    SWITCHES_WINDOW,
    SWITCHES_ALWAYS, /* the flight recorder's too */
};

typedef struct trace_conf {
    int switches;
    long long keep_ns; /* 0: no flight recorder */
    long long keep_bytes;
    bool has_samples;
    evprof_flight_dumps_t dumps;
} trace_conf_t;

/* A window of the CPU sampler. The child of a fork has none of its parent's: a
 * window of its own may have got the same address. */
typedef struct trace_window {
    evprof_sample_window_t *window; /* NULL: none */
    pid_t owner;
} trace_window_t;

typedef struct trace_state {
    trace_conf_t conf;
    evprof_t *prof;
    trace_window_t windows[EVPROF_TRACE_USERS]; /* by user of the recorder */
} trace_state_t;

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

static const char *
set_latency(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    long long latency_ns = 0;
    (void)d;
    if (strcmp(evprof_conf_arg(cf, 0), "off") != 0) {
        const char *problem = evprof_conf_time_ns(cf, 0, &latency_ns);
        if (problem != NULL || latency_ns == 0) {
            return problem != NULL ? problem : "must be off, or a time above 0";
        }
    }
    ((trace_conf_t *)conf)->dumps.latency_ns = latency_ns;
    return NULL;
}

static const char *const switches_names[] = { "auto", "off", "window", "always",
                                              NULL };

static const char *
set_signal(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    int number = evprof_conf_signal(evprof_conf_arg(cf, 0));
    (void)d;
    if (number < 0) {
        return evprof_conf_fragment(
            cf, "must be HUP, USR1, USR2, WINCH or off, not %s",
            evprof_conf_arg(cf, 0));
    }
    ((trace_conf_t *)conf)->dumps.signal = number;
    return NULL;
}

static const char *
set_folder(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    trace_conf_t *trace = conf;
    long long bytes = 0;
    (void)d;
    if (strcmp(evprof_conf_arg(cf, 0), "off") == 0) {
        trace->dumps.folder = NULL;
        return evprof_conf_arg_count(cf) == 1 ? NULL
                                              : "has an argument after off";
    }
    if (evprof_conf_arg_count(cf) != 2) {
        return "must be off, or a folder and a size: dump_dir DIR 100m";
    }
    trace->dumps.folder = evprof_conf_path(cf, evprof_conf_arg(cf, 0));
    if (trace->dumps.folder == NULL) {
        return "cannot be kept: out of memory";
    }
    const char *problem = evprof_conf_size(cf, 1, &bytes);
    trace->dumps.max_bytes = bytes;
    return problem == NULL && bytes < 1 << 20 ? "must have at least 1m"
                                              : problem;
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
    { .name = "cpu",
      .args = "on|off",
      .help = "Puts CPU samples with their stacks into every trace; a CPU "
              "profile that is taken meanwhile puts its own in anyway.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(trace_conf_t, has_samples),
      .set = evprof_set_flag },
    { .name = "switches",
      .args = "auto|off|window|always",
      .help = "Asks the kernel, by perf_event_open, when threads lost their "
              "CPU and got one: for traces of a request (window), for the "
              "flight recorder too (always), or as window but not under a "
              "seccomp filter (auto). Each switch of a thread then takes some "
              "microseconds longer.",
      .by_default = "auto",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(trace_conf_t, switches),
      .data = switches_names,
      .set = evprof_set_choice },
    { .name = "dump_latency",
      .args = "off|TIME",
      .help = "Writes what the flight recorder has to the folder of dump_dir "
              "when a request, or another task without a parent, took longer.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .set = set_latency },
    { .name = "dump_signal",
      .args = "SIGNAL|off",
      .help = "Does so when the signal comes, for which the application must "
              "have no handler.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .set = set_signal },
    { .name = "dump_every",
      .args = "TIME",
      .help = "At most one file in that time, whatever happens.",
      .by_default = "60s",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(trace_conf_t, dumps.every_ns),
      .min = 1000000,
      .max = 86400000000000,
      .set = evprof_set_time_ns },
    { .name = "dump_dir",
      .args = "off|DIR SIZE",
      .help = "Where such files go, and how large they may be in all; the "
              "oldest ones go.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 2,
      .set = set_folder },
    EVPROF_DIRECTIVE_END,
};

static bool
heap_bytes(size_t *out)
{
    evprof_jemalloc_refresh();
    return evprof_jemalloc_size("stats.allocated", out);
}

/* A trace is useful without CPU samples, so a sampler that cannot start is no
 * failure. */
static void
begin_samples(trace_state_t *own, enum evprof_trace_user user)
{
    const evprof_sampling_options_t options = {
        .rate_hz = SAMPLES_HZ,
        .takes_any_rate = true,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = SAMPLES_DEPTH,
        .table_bytes = SAMPLES_TABLE
    };
    trace_window_t *of = &own->windows[user];
    of->owner = getpid();
    if (own->conf.has_samples &&
        evprof_cpu_begin(&options, &of->window, NULL) != EVPROF_OK) {
        of->window = NULL;
    }
}

static void
end_recording(trace_state_t *own, enum evprof_trace_user user)
{
    trace_window_t *of = &own->windows[user];
    if (of->window != NULL && of->owner == getpid()) {
        evprof_cpu_end(of->window, NULL, NULL);
    }
    of->window = NULL;
    evprof_trace_end(user);
}

/* Why the trace for `user` is without the kernel's switches; NULL: it has them.
 */
static const char *
no_switches(const trace_conf_t *conf, enum evprof_trace_user user)
{
    if (conf->switches == SWITCHES_OFF) {
        return "switches off";
    }
    if (user == EVPROF_TRACE_FLIGHT && conf->switches != SWITCHES_ALWAYS) {
        return "write \"switches always;\" to have it in the flight recorder";
    }
    return conf->switches == SWITCHES_AUTO && evprof_self_has_seccomp()
               ? "a seccomp filter is in force: write \"switches window;\" if "
                 "it lets perf_event_open through"
               : NULL;
}

/* Begins a recording for `user`. A dump gives the threads that exist
 * already. */
static int
begin_recording(trace_state_t *own, enum evprof_trace_user user,
                evprof_trace_limits_t limits, evprof_error_t *err)
{
    limits.no_switches = no_switches(&own->conf, user);
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
    int status = evprof_trace_begin(user, &limits, seeds,
                                    seeds != NULL ? dump.count : 0, err);
    free(seeds);
    evprof_dump_free(&dump);
    if (status == EVPROF_OK) {
        begin_samples(own, user);
    }
    return status;
}

static int
begin_flight(trace_state_t *own, evprof_error_t *err)
{
    const evprof_trace_limits_t limits = { .keep_ns = own->conf.keep_ns,
                                           .keep_bytes =
                                               (size_t)own->conf.keep_bytes };
    return begin_recording(own, EVPROF_TRACE_FLIGHT, limits, err);
}

/* Starts the flight recorder again, on the worker of a forked child. */
static void
begin_again(void *state)
{
    trace_state_t *own = state;
    evprof_error_t err;
    int status = begin_flight(own, &err);
    if (status == EVPROF_OK) {
        status = evprof_flight_dumps_again(&err);
    }
    if (status != EVPROF_OK) {
        evprof_log(own->prof, EVPROF_LOG_WARN,
                   "trace: the flight recorder is off in this process: %s",
                   err.message);
    }
}

static void
fini(void *state)
{
    (void)evprof_again_in_child(NULL, NULL, NULL);
    evprof_flight_dumps_stop();
    end_recording(state, EVPROF_TRACE_FLIGHT);
    free(state);
}

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    const trace_conf_t *trace = conf;
    trace_state_t *own = calloc(1, sizeof(*own));
    int status = EVPROF_OK;
    if (own == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "trace: out of memory");
    }
    own->conf = *trace;
    own->prof = evprof_switching();
    own->conf.dumps.write = evprof_flight_write;
    if (trace->keep_ns > 0) {
        status = evprof_flight_dumps_start(&own->conf.dumps, err);
    }
    if (trace->keep_ns > 0 && status == EVPROF_OK) {
        status = begin_flight(own, err);
    }
    if (trace->keep_ns > 0 && status == EVPROF_OK) {
        status = evprof_again_in_child(begin_again, own, err);
    }
    if (status != EVPROF_OK) {
        fini(own);
        return status;
    }
    *state = own;
    return EVPROF_OK;
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
    (void)ask;
    (void)window;
    return begin_recording(state, EVPROF_TRACE_WINDOW, limits, err);
}

static int
write_trace(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
            evprof_error_t *err)
{
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
    end_recording(state, EVPROF_TRACE_WINDOW);
    return status;
}

static int
write_part(void *state, const evprof_writer_t *out, evprof_error_t *err)
{
    (void)state;
    return evprof_trace_write_part(EVPROF_TRACE_WINDOW, evprof_symbols_fill,
                                   out, err);
}

static void
cancel(void *state, void *window)
{
    (void)window;
    end_recording(state, EVPROF_TRACE_WINDOW);
}

static int
status(void *state, const evprof_writer_t *out)
{
    evprof_trace_stats_t stats;
    char text[320];
    (void)state;
    evprof_trace_stats(&stats);
    int len =
        snprintf(text, sizeof(text),
                 "recording: %s\n"
                 "generations: %zu\n"
                 "bytes: %zu\n"
                 "events_dropped: %llu\n"
                 "events_without_stack: %llu\n"
                 "switches_dropped: %llu\n"
                 "dump_files: %llu\n"
                 "dumps_failed: %llu\n",
                 evprof_trace_is_enabled() ? "yes" : "no", stats.generations,
                 stats.bytes, (unsigned long long)stats.dropped,
                 (unsigned long long)stats.spared,
                 (unsigned long long)stats.switches_lost,
                 (unsigned long long)evprof_flight_dumps_written(),
                 (unsigned long long)evprof_flight_dumps_failed());
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
    .part = write_part,
    .status = status,
    .cancel = cancel,
    .fini = fini,
};

int
evprof_flight_write(evprof_t *prof, const evprof_writer_t *out,
                    evprof_error_t *err)
{
    const evprof_ask_t ask = { .query = "flight=1" };
    evprof_error_t own;
    err = err == NULL ? &own : err;
    if (out == NULL || out->write == NULL) {
        return evprof_fail(err, EVPROF_EINVAL, "flight recorder: no writer");
    }
    prof = evprof_use(prof, "evprof_flight_write", err);
    if (prof == NULL) {
        return err->status;
    }
    evprof_profile_t *trace = evprof_lookup(prof, evprof_profile_trace.name);
    return trace == NULL
               ? evprof_fail(err, EVPROF_EOFF,
                             "flight recorder: the trace is switched off")
               : evprof_profile_take(trace, &ask, out, err);
}
