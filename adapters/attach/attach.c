/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples are turned into stacks as they come: their objects are still mapped
 * then, and rings stay small. The weight of a sample is the period. What the
 * profile lacks stands in its comments: the kernel counts CPU time besides, so
 * that a difference between the two is seen.
 */
#include "adapters/attach/attach.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/attach/events.h"
#include "adapters/attach/names.h"
#include "adapters/attach/stack.h"
#include "core/analysis/assemble.h"
#include "core/analysis/proc_maps.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/read_file.h"

#define SECOND_NS INT64_C(1000000000)
/* Rings are read at least so often. */
#define SLICE_MS 50
/* The maps are read again so often, as a process may load objects and then
 * end. */
#define MAPS_NS (SECOND_NS / 2)

typedef struct taking {
    pid_t pid;
    int64_t period_ns;
    evprof_tracer_t *tracer;
    evprof_assembly_t assembly;
    evprof_buf_t maps; /* as last read: those of an ended process are empty */
    evprof_thread_names_t names;
    uint64_t samples;
    uint64_t broken;
    evprof_traced_t stack;
    uint32_t rows[EVPROF_STACK_FRAMES];
} taking_t;

/* ---- Of the process ---- */

/* Whether paths mean the same to that process as to us. */
static bool
shares_mounts(pid_t pid)
{
    char path[64];
    char ours[64] = "";
    char its[64] = "";
    (void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
    return readlink("/proc/self/ns/mnt", ours, sizeof(ours) - 1) <= 0 ||
           readlink(path, its, sizeof(its) - 1) <= 0 || strcmp(ours, its) == 0;
}

/* The maps of the process, with paths that can be opened from here. */
static void
read_maps(taking_t *t)
{
    char path[64];
    evprof_buf_t text = { 0 };
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)t->pid);
    (void)evprof_read_file(path, SIZE_MAX, &text);
    if (text.len == 0) {
        evprof_buf_free(&text);
        return;
    }
    bool is_shared = shares_mounts(t->pid);
    evprof_buf_clear(&t->maps);
    const char *end = text.data + text.len;
    const char *next;
    for (const char *at = text.data; at < end; at = next) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        next = newline == NULL ? end : newline + 1;
        size_t len = (size_t)(next - at);
        const char *file = is_shared ? NULL : memchr(at, '/', len);
        size_t before = file == NULL ? len : (size_t)(file - at);
        evprof_buf_add(&t->maps, at, before);
        if (file != NULL) {
            evprof_buf_printf(&t->maps, "/proc/%d/root", (int)t->pid);
            evprof_buf_add(&t->maps, file, len - before);
        }
    }
    evprof_buf_free(&text);
}

/* ---- Samples ---- */

static void
take(void *ctx, const evprof_event_t *event)
{
    taking_t *t = ctx;
    const int64_t values[] = { 1, t->period_ns };
    evprof_tracer_walk(t->tracer, event, &t->stack);
    t->samples++;
    t->broken += t->stack.is_broken;
    for (size_t i = 0; i < t->stack.count; i++) {
        t->rows[i] = evprof_assembly_address(&t->assembly, t->stack.pcs[i]);
    }
    evprof_assembly_sample(&t->assembly, t->rows, t->stack.count, values, NULL);
    const char *thread = evprof_thread_names_of(&t->names, event->tid);
    if (thread[0] != '\0') {
        const evprof_label_t label = {
            .key = "thread",
            .text = evprof_assembly_text(&t->assembly, thread, strlen(thread)),
            .unit = ""
        };
        evprof_assembly_labels(&t->assembly, &label, 1);
    }
}

static void
sample(taking_t *t, evprof_events_t *events, double seconds)
{
    int64_t end = evprof_clock_ns(CLOCK_MONOTONIC) +
                  (int64_t)(seconds * (double)SECOND_NS);
    int64_t maps_ns = 0;
    int64_t now;
    bool is_there = true;
    while (is_there && (now = evprof_clock_ns(CLOCK_MONOTONIC)) < end) {
        int64_t ms = (end - now) / 1000000 + 1;
        if (now - maps_ns > MAPS_NS) {
            read_maps(t);
            maps_ns = now;
        }
        is_there =
            evprof_events_wait(events, ms < SLICE_MS ? (int)ms : SLICE_MS);
        evprof_thread_names_turn(&t->names);
        evprof_events_read(events, take, t);
    }
    evprof_events_stop(events);
    evprof_events_read(events, take, t);
    read_maps(t);
}

/* ---- The profile ---- */

static void
add_comment(evprof_pprof_t *p, evprof_buf_t *text)
{
    if (!text->failed && text->len > 0) {
        (void)evprof_pprof_comment(p, text->data);
    }
    evprof_buf_clear(text);
}

/* Says what the profile lacks. */
static void
add_comments(const taking_t *t, const evprof_events_losses_t *l,
             evprof_pprof_t *p)
{
    evprof_buf_t text = { 0 };
    double sampled = (double)t->samples * (double)t->period_ns;
    evprof_buf_printf(&text,
                      "taken from outside by perf_event_open: %" PRIu64
                      " samples for %.2f s of CPU time in %zu threads",
                      t->samples, (double)l->cpu_ns / (double)SECOND_NS,
                      l->threads);
    add_comment(p, &text);
    if (l->lacks_kernel) {
        evprof_buf_puts(&text,
                        "time inside of the kernel is not counted: that takes "
                        "kernel.perf_event_paranoid of 1 or less, or root");
        add_comment(p, &text);
    }
    if (l->lost > 0) {
        evprof_buf_printf(&text,
                          "%" PRIu64 " samples were lost: their ring "
                          "was full",
                          l->lost);
        add_comment(p, &text);
    }
    if (l->left_out > 0) {
        evprof_buf_printf(&text,
                          "%zu of %zu threads could not be opened; raise the "
                          "limit of open files",
                          l->left_out, l->threads);
        add_comment(p, &text);
    }
    if (t->broken > 0) {
        evprof_buf_printf(&text,
                          "%" PRIu64 " of %" PRIu64 " stacks could not be "
                          "followed to their end",
                          t->broken, t->samples);
        add_comment(p, &text);
    }
    if (!l->lacks_kernel &&
        sampled + (double)(2 * t->period_ns) < 0.95 * (double)l->cpu_ns) {
        evprof_buf_printf(&text, "the samples stand for %.2f s only",
                          sampled / (double)SECOND_NS);
        add_comment(p, &text);
    }
    evprof_buf_free(&text);
}

static void
begin(taking_t *t)
{
    evprof_assembly_begin(&t->assembly);
    evprof_assembly_type(&t->assembly, "samples", "count");
    evprof_assembly_type(&t->assembly, "cpu", "nanoseconds");
    evprof_assembly_period(&t->assembly, "cpu", "nanoseconds", t->period_ns);
}

static int
finish(taking_t *t, const evprof_events_losses_t *losses, int64_t began_ns,
       evprof_buf_t *out, evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    const char *maps = t->maps.len > 0 ? t->maps.data : "";
    int status = t->assembly.status;
    if (status == EVPROF_OK) {
        status = evprof_maps_finish(&t->assembly,
                                    evprof_span(maps, t->maps.len), err);
    }
    status = evprof_assembly_end(&t->assembly, status, &p, err);
    if (status != EVPROF_OK) {
        return status;
    }
    p->time_ns = began_ns;
    p->duration_ns = evprof_clock_ns(CLOCK_REALTIME) - began_ns;
    add_comments(t, losses, p);
    const evprof_writer_t writer = evprof_writer_buf(out);
    status = evprof_pprof_encode(p, 0, &writer, err);
    evprof_pprof_free(p);
    return status;
}

int
evprof_attach(pid_t pid, double seconds, int rate, evprof_buf_t *out,
              evprof_error_t *err)
{
    taking_t *t = calloc(1, sizeof(*t));
    evprof_events_t *events = NULL;
    if (t == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    int64_t began_ns = evprof_clock_ns(CLOCK_REALTIME);
    t->pid = pid;
    t->names.pid = pid;
    t->period_ns = SECOND_NS / rate;
    int status = evprof_events_open(pid, (uint64_t)t->period_ns, &events, err);
    if (status == EVPROF_OK) {
        status = evprof_tracer_new(pid, &t->tracer, err);
    }
    if (status == EVPROF_OK) {
        evprof_events_losses_t losses;
        begin(t);
        sample(t, events, seconds);
        evprof_events_losses(events, &losses);
        status = finish(t, &losses, began_ns, out, err);
    }
    evprof_events_free(events);
    evprof_tracer_free(t->tracer);
    evprof_buf_free(&t->maps);
    evprof_thread_names_free(&t->names);
    free(t);
    return status;
}
