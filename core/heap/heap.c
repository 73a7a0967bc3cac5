/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dump serves every request that waits for one when it is begun: before it, a
 * task that drops it is put into the worker's queue, behind those requests and
 * before all later ones. What a request without ?seconds shows is therefore
 * never older than the request.
 */
#include "core/heap/heap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/heap/heap_v2.h"
#include "core/heap/jemalloc.h"
#include "core/heap/memory.h"
#include "core/heap/stacks.h"
#include "core/heap/trim.h"
#include "core/profile/loss.h"
#include "core/sample/labels.h"
#include "core/sample/proc.h"

#define DEFAULT_MAX_STACKS 65536

/* The state of the process's one heap profiler. */
static struct {
    unsigned users;
    char prefix[64];
    const evprof_heap_services_t *services;
} heap;

static unsigned
log2_of(long long bytes)
{
    unsigned lg = 0;
    while (bytes > 1) {
        bytes >>= 1;
        lg++;
    }
    return lg;
}

static int
switch_on(const evprof_heap_options_t *options, evprof_error_t *err)
{
    evprof_jemalloc_options_t how = {
        .lg_sample = options == NULL ? 0 : log2_of(options->sample_interval),
        .max_stacks =
            options == NULL ? DEFAULT_MAX_STACKS : (size_t)options->max_stacks,
        .unwinder = options == NULL || options->unwinder == NULL
                        ? evprof_unwinder_find("tables")
                        : options->unwinder,
    };
    return evprof_jemalloc_start(&how, err);
}

int
evprof_heap_open(const evprof_heap_options_t *options,
                 const evprof_heap_services_t *services, evprof_error_t *err)
{
    heap.services = services;
    const char *prefix = options == NULL || options->mallctl_prefix == NULL
                             ? heap.prefix
                             : options->mallctl_prefix;
    int status = evprof_jemalloc_find(prefix, err);
    if (status == EVPROF_OK && (options != NULL || heap.users == 0)) {
        status = switch_on(options, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    heap.users++;
    if (prefix != heap.prefix) {
        (void)snprintf(heap.prefix, sizeof(heap.prefix), "%s", prefix);
    }
    return EVPROF_OK;
}

void
evprof_heap_close(void)
{
    heap.users--;
    if (heap.users == 0) {
        evprof_jemalloc_stop();
        evprof_jemalloc_drop_dump();
    }
}

int
evprof_heap_check_accumulates(evprof_error_t *err)
{
    if (evprof_jemalloc_accumulates()) {
        return EVPROF_OK;
    }
    return evprof_fail(err, EVPROF_ENOTSUP,
                       "allocs: jemalloc counts only what is in use: start "
                       "the program with prof_accum:true in MALLOC_CONF");
}

static void
drop_dump(void)
{
    evprof_jemalloc_drop_dump();
}

static int
ensure_dump(const evprof_ask_t *ask, enum evprof_loss_of who,
            evprof_error_t *err)
{
    if (ask->gc) {
        evprof_jemalloc_purge();
        evprof_jemalloc_drop_dump();
    }
    if (evprof_jemalloc_has_dump()) {
        return EVPROF_OK;
    }
    evprof_jemalloc_leave_out();
    /* Stacks are walked all the time; what was loaded meanwhile is learnt here,
     * and a failure costs only speed. */
    if (evprof_unwind_is_stale()) {
        (void)evprof_unwind_refresh();
    }
    int status = heap.services->post(drop_dump, err);
    if (status != EVPROF_OK) {
        return status;
    }
    return evprof_jemalloc_dump(who, err);
}

static int
feed_reader(void *ctx, const char *data, size_t len, evprof_error_t *err)
{
    return evprof_heap_v2_feed(ctx, data, len, err);
}

int
evprof_heap_read(const evprof_ask_t *ask, evprof_heap_stacks_t *stacks,
                 evprof_heap_v2_t *reader, evprof_error_t *err)
{
    evprof_heap_v2_sink_t sink = { .stack = stacks->add, .ctx = stacks };
    int status = ensure_dump(ask, stacks->who, err);
    if (status != EVPROF_OK) {
        return status;
    }
    stacks->reader = reader;
    if (!evprof_heap_trim_begin(&stacks->trim, heap.services->name)) {
        return evprof_fail(err, EVPROF_ENOMEM, "heap: out of memory");
    }
    evprof_heap_v2_begin(reader, &sink);
    status = evprof_jemalloc_read_dump(feed_reader, reader, err);
    if (status == EVPROF_OK) {
        status = evprof_heap_v2_finish(reader, err);
    }
    evprof_heap_v2_end(reader);
    evprof_heap_trim_end(&stacks->trim);
    return status;
}

/* The label of a stack, and totals that never fall. */
static int64_t
remember(const uint64_t *pcs, size_t count, const evprof_heap_counts_t *sampled,
         evprof_heap_counts_t *scaled)
{
    evprof_heap_memory_t *memory = evprof_heap_remember(pcs, count);
    if (memory == NULL) {
        return 0;
    }
    if (memory->block_bytes == 0 && sampled->accum_objects > 0) {
        memory->block_bytes = sampled->accum_bytes / sampled->accum_objects;
    } else if (memory->block_bytes == 0 && sampled->objects > 0) {
        memory->block_bytes = sampled->bytes / sampled->objects;
    }
    if (scaled->accum_objects < memory->alloc_objects) {
        scaled->accum_objects = memory->alloc_objects;
    }
    if (scaled->accum_bytes < memory->alloc_bytes) {
        scaled->accum_bytes = memory->alloc_bytes;
    }
    memory->alloc_objects = scaled->accum_objects;
    memory->alloc_bytes = scaled->accum_bytes;
    return memory->block_bytes;
}

static int
add_scaled(void *ctx, const uint64_t *pcs, size_t count,
           const evprof_heap_counts_t *sampled)
{
    evprof_heap_stacks_t *stacks = ctx;
    evprof_heap_counts_t scaled = *sampled;
    uint64_t rate = stacks->reader->rate;
    evprof_heap_unbias(rate, &scaled.objects, &scaled.bytes);
    evprof_heap_unbias(rate, &scaled.accum_objects, &scaled.accum_bytes);
    evprof_sample_label_t label = { .key = "bytes" };
    label.number = remember(pcs, count, sampled, &scaled);
    return evprof_heap_add(stacks, pcs, count, &scaled,
                           label.number > 0 ? &label : NULL);
}

/* The labels that the hook has put behind the last frame, which is cut off. */
static size_t
take_labels(const uintptr_t *frames, size_t *count, evprof_sample_label_t *out)
{
    const evprof_label_set_t *set =
        *count > 0 ? evprof_label_marked(frames[*count - 1]) : NULL;
    if (set == NULL) {
        return 0;
    }
    --*count;
    memcpy(out, set->items, (size_t)set->count * sizeof(*out));
    return set->count;
}

int
evprof_heap_add(evprof_heap_stacks_t *stacks, const uint64_t *pcs, size_t count,
                const evprof_heap_counts_t *counts,
                const evprof_sample_label_t *label)
{
    uintptr_t frames[EVPROF_HEAP_DEPTH_MAX];
    for (size_t i = 0; i < count; i++) {
        frames[i] = (uintptr_t)pcs[i];
    }
    const int64_t values[] = { counts->accum_objects, counts->accum_bytes,
                               counts->objects, counts->bytes };
    if (values[0] == 0 && values[1] == 0 && values[2] == 0 && values[3] == 0) {
        return 0;
    }
    evprof_sample_label_t labels[EVPROF_LABELS_MAX + 1];
    size_t label_count = take_labels(frames, &count, labels);
    if (label != NULL) {
        labels[label_count++] = *label;
    }
    stacks->added++;
    stacks->inuse_bytes += values[3];
    size_t skip = evprof_heap_trim(&stacks->trim, frames, count);
    evprof_stack_t stack = { .pcs = frames + skip, .count = count - skip };
    return evprof_builder_add(stacks->out, &stack, labels, label_count, values);
}

int
evprof_heap_columns(evprof_builder_t *out)
{
    int status = evprof_builder_type(out, "alloc_objects", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "alloc_space", "bytes");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "inuse_objects", "count");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "inuse_space", "bytes");
    }
    return status;
}

/* A larger interval shows hardly anything of a usual program. */
#define WIDE_INTERVAL ((uint64_t)64 << 20)

/* Comments on settings of jemalloc that leave allocations out. */
static int
say_settings(enum evprof_loss_of who, uint64_t rate, evprof_builder_t *out)
{
    const evprof_lost_t interval = { .n = rate };
    int status = EVPROF_OK;
    if (who == EVPROF_LOSS_OF_HEAP && !evprof_jemalloc_accumulates()) {
        status = evprof_loss_say(out, who, EVPROF_LOSS_ONLY_IN_USE, &interval);
    }
    if (status == EVPROF_OK && !evprof_jemalloc_samples_threads()) {
        status =
            evprof_loss_say(out, who, EVPROF_LOSS_NEW_THREADS_OUT, &interval);
    }
    if (status == EVPROF_OK && rate >= WIDE_INTERVAL) {
        status =
            evprof_loss_say(out, who, EVPROF_LOSS_INTERVAL_WIDE, &interval);
    }
    return status;
}

/* How much of the process's memory the profile explains. */
static int
compare_to_process(int64_t inuse_bytes, evprof_builder_t *out)
{
    char statm[128];
    unsigned long pages = 0;
    const pid_t self = (pid_t)syscall(SYS_gettid);
    if (evprof_proc_read(self, "statm", statm, sizeof(statm)) <= 0 ||
        sscanf(statm, "%*u %lu", &pages) != 1) {
        return EVPROF_OK;
    }
    const double mebibyte = 1024 * 1024;
    return evprof_builder_comment(
        out,
        "%.1f MB of RSS %.1f MB are in use by what was sampled; the "
        "profile \"memory\" has the rest",
        (double)inuse_bytes / mebibyte,
        (double)pages * (double)sysconf(_SC_PAGESIZE) / mebibyte);
}

/* Comments on the numbers. */
static int
add_comments(enum evprof_loss_of who, uint64_t rate, bool is_empty,
             evprof_builder_t *out)
{
    evprof_jemalloc_stats_t stats;
    char what[96];
    evprof_jemalloc_stats(&stats);
    (void)snprintf(what, sizeof(what),
                   "nothing was sampled yet, one allocation in %" PRIu64
                   " bytes is",
                   rate);
    const evprof_lost_t idle = { .what = what };
    const evprof_lost_t shortened = { .n = stats.shortened,
                                      .of = stats.max_stacks };
    int status = evprof_builder_comment(
        out, "# evprof: jemalloc %s, %zu distinct stacks",
        evprof_jemalloc_version(), stats.stacks);
    if (status == EVPROF_OK) {
        status = say_settings(who, rate, out);
    }
    if (status == EVPROF_OK && shortened.n > 0) {
        status =
            evprof_loss_say(out, who, EVPROF_LOSS_SHORT_STACKS, &shortened);
    }
    if (status == EVPROF_OK && is_empty) {
        status = evprof_loss_say(out, who, EVPROF_LOSS_IDLE, &idle);
    }
    return status;
}

int
evprof_heap_snapshot(const evprof_ask_t *ask, enum evprof_loss_of who,
                     evprof_builder_t *out, evprof_error_t *err)
{
    const char *default_type =
        who == EVPROF_LOSS_OF_HEAP ? "inuse_space" : "alloc_space";
    evprof_heap_stacks_t stacks = { .out = out, .who = who, .add = add_scaled };
    evprof_heap_v2_t reader;
    int status = evprof_heap_columns(out);
    if (status == EVPROF_OK) {
        status = evprof_builder_default_type(out, default_type);
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "heap: out of memory");
    }
    status = evprof_heap_read(ask, &stacks, &reader, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_builder_period(out, "space", "bytes", (int64_t)reader.rate);
    if (status == EVPROF_OK) {
        status = add_comments(who, reader.rate, stacks.added == 0, out);
    }
    if (status == EVPROF_OK && who == EVPROF_LOSS_OF_HEAP) {
        status = compare_to_process(stacks.inuse_bytes, out);
    }
    return status == EVPROF_OK
               ? 0
               : evprof_fail(err, status, "heap: out of memory");
}

long
evprof_heap_count(void)
{
    evprof_jemalloc_stats_t stats;
    evprof_jemalloc_stats(&stats);
    return stats.max_stacks == 0 ? -1 : (long)stats.stacks;
}

const evprof_heap_services_t *
evprof_heap_services(void)
{
    return heap.services;
}
